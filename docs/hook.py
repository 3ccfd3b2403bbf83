"""Puts the generated pages among those that mkdocs builds."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.reference import pages  # mkdocs loads this file alone, by its path


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds them."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files
