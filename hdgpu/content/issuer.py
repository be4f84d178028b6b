"""Who issued an identifier of a specimen or a container."""

from __future__ import annotations

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Choice, Value
from hdgpu.enum import UniversalEntityIDTypeValues

__all__ = ["IssuerOfIdentifier"]


class IssuerOfIdentifier(DeclaredDataset):
    """Issuer of an identifier: the HL7v2 Hierarchic Designator macro (PS3.3 10.17).

    Parameters
    ----------
    issuer_of_identifier : str
        Identifier of the issuer.
    issuer_of_identifier_type : hdgpu.UniversalEntityIDTypeValues or str or None, optional
        Kind of that identifier, if it is one that is unique everywhere; without, it is a local name.

    Raises
    ------
    TypeError
        If the identifier is no text.
    ValueError
        If there is no such kind, or the identifier is empty or has control characters.

    Examples
    --------
    >>> IssuerOfIdentifier("pathology.example.org", "DNS").issuer_of_identifier_type
    <UniversalEntityIDTypeValues.DNS: 'DNS'>
    """

    _local_namespace_entity_id = Value[str | None]("LocalNamespaceEntityID", "1C")
    _universal_entity_id = Value[str | None]("UniversalEntityID", "1C")
    _universal_entity_id_type = Choice[UniversalEntityIDTypeValues | None](
        "UniversalEntityIDType", UniversalEntityIDTypeValues, "1C"
    )
    _one_of = (("LocalNamespaceEntityID",), ("UniversalEntityID", "UniversalEntityIDType"))

    def __init__(
        self,
        issuer_of_identifier: str,
        issuer_of_identifier_type: str | UniversalEntityIDTypeValues | None = None,
    ) -> None:
        if not isinstance(issuer_of_identifier, str):
            raise TypeError(
                f"Argument 'issuer_of_identifier' must be a str, not {type(issuer_of_identifier).__name__}."
            )
        if issuer_of_identifier_type is None:
            super().__init__(local_namespace_entity_id=issuer_of_identifier)
        else:
            super().__init__(
                universal_entity_id=issuer_of_identifier, universal_entity_id_type=issuer_of_identifier_type
            )

    @property
    def issuer_of_identifier(self) -> str:
        """Identifier of the issuer: the local name, if there is one."""
        local = self._local_namespace_entity_id
        return str(self._universal_entity_id if local is None else local)

    @property
    def issuer_of_identifier_type(self) -> UniversalEntityIDTypeValues | None:
        """Kind of the identifier; None if it is a local name."""
        return self._universal_entity_id_type if self._local_namespace_entity_id is None else None
