"""JSON Schemas of the files that people write, and a template of the facts."""

from checker.schema.files import FILES, as_json, schema, schema_texts, undescribed

__all__ = ["FILES", "as_json", "schema", "schema_texts", "undescribed"]
