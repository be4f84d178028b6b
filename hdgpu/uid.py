"""Unique identifiers (PS3.5 9)."""

from __future__ import annotations

from uuid import UUID

import pydicom.uid

__all__ = ["UID"]


class UID(pydicom.uid.UID):
    """Unique DICOM identifier.

    Parameters
    ----------
    value : str or None, optional
        The identifier.  Without one a new identifier is made from a random UUID under the root 2.25, which is open to
        everybody (PS3.5 B.2): hdgpu has no root of its own and does not use highdicom's.

    Raises
    ------
    TypeError
        If the value is not a string.

    Examples
    --------
    >>> UID("1.2.3")
    '1.2.3'
    >>> UID() == UID()
    False
    """

    def __new__(cls, value: str | None = None) -> UID:
        """Make an identifier, a new one without a value."""
        identifier = pydicom.uid.generate_uid(prefix=None) if value is None else value
        return super().__new__(cls, identifier)  # type: ignore[return-value]

    @classmethod
    def from_uuid(cls, uuid: str | UUID) -> UID:
        """Create a DICOM UID from a UUID using the 2.25 root.

        Parameters
        ----------
        uuid : str or uuid.UUID
            The UUID.

        Returns
        -------
        UID
            The identifier: 2.25 followed by the UUID as a decimal number (PS3.5 B.2).

        Raises
        ------
        ValueError
            If the string is not a UUID.

        Examples
        --------
        >>> UID.from_uuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        '2.25.329800735698586629295641978511506172918'
        """
        number = uuid.int if isinstance(uuid, UUID) else UUID(uuid).int
        return cls(f"2.25.{number}")
