"""DICOM content classes: data sets and sequences that check what they are given."""
