"""DICOM attributes by declaration: values that fit their representation, and classes that name what they hold."""
