"""The legal review report: one frozen model of everything said, and three thin layouts of it."""
