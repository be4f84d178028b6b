"""Coding schemes that are no part of the standard: who made them and where they are (PS3.3 C.12.1.1.7)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from warnings import warn

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Choice, Items, Value
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import InvalidAttributeError

__all__ = ["CodingSchemeIdentificationItem", "CodingSchemeResourceItem"]


class _ResourceTypes(Enum):
    """Coding Scheme URL Type (0008,010A)."""

    DOC = "DOC"
    OWL = "OWL"
    CSV = "CSV"


class CodingSchemeResourceItem(DeclaredDataset):
    """A resource of a coding scheme: an item of Coding Scheme Resources Sequence (0008,0109).

    Parameters
    ----------
    url : str
        Where it is.
    url_type : str
        What it is: ``"DOC"``, ``"OWL"`` or ``"CSV"``.

    Raises
    ------
    ValueError
        If it is of no such type, or the text is no URL.
    """

    _url = Value[str]("CodingSchemeURL")
    _url_type = Choice[_ResourceTypes]("CodingSchemeURLType", _ResourceTypes)

    def __init__(self, url: str, url_type: str) -> None:
        super().__init__(url=url, url_type=url_type)


class CodingSchemeIdentificationItem(DeclaredDataset):
    """A coding scheme: an item of Coding Scheme Identification Sequence (0008,0110).

    Parameters
    ----------
    designator : str
        Designator of the scheme, as coded concepts have it.
    name : str or None, optional
        Name of the scheme.
    version : str or None, optional
        Version of the scheme.
    registry : str or None, optional
        Name of the external registry that has the scheme, if one has.
    uid : str or None, optional
        Identifier of the scheme in the registry, if it is an ISO object identifier.
    external_id : str or None, optional
        Identifier of the scheme in the registry otherwise.
    responsible_organization : str or None, optional
        Name of the organization that is responsible for the scheme.
    resources : sequence of CodingSchemeResourceItem or None, optional
        Resources of the scheme.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If there is a registry and not exactly one of `uid` and `external_id`, or a text is too long or has characters
        that it may not have (also a ValueError).

    Warns
    -----
    UserWarning
        If there is an identifier and no registry that it is of: it is left out.

    Examples
    --------
    >>> CodingSchemeIdentificationItem("99HDGPU", name="Concepts of our own").CodingSchemeName
    'Concepts of our own'
    """

    _designator = Value[str]("CodingSchemeDesignator")
    _name = Value[str | None]("CodingSchemeName", "3")
    _version = Value[str | None]("CodingSchemeVersion", "3")
    _responsible_organization = Value[str | None]("CodingSchemeResponsibleOrganization", "3")
    _registry = Value[str | None]("CodingSchemeRegistry", "1C")
    _uid = Value[str | None]("CodingSchemeUID", "1C")
    _external_id = Value[str | None]("CodingSchemeExternalID", "1C")
    _resources = Items[list[CodingSchemeResourceItem] | None](
        "CodingSchemeResourcesSequence", CodingSchemeResourceItem, "3"
    )

    def __init__(
        self,
        designator: str,
        name: str | None = None,
        version: str | None = None,
        registry: str | None = None,
        uid: str | None = None,
        external_id: str | None = None,
        responsible_organization: str | None = None,
        resources: Sequence[CodingSchemeResourceItem] | None = None,
    ) -> None:
        super().__init__(
            designator=designator,
            name=name,
            version=version,
            responsible_organization=responsible_organization,
            resources=resources,
        )
        identifiers = [each for each in (uid, external_id) if each is not None]
        if registry is None:
            if identifiers:
                warn("A coding scheme has no identifier without a registry: it is left out.", UserWarning, stacklevel=2)
            return
        if len(identifiers) != 1:
            raise InvalidAttributeError(
                "a coding scheme of a registry has one identifier there",
                tag=attribute_name("CodingSchemeRegistry"),
                expected="uid or external_id",
                found="both" if identifiers else "neither",
            )
        self._set(registry=registry, uid=uid, external_id=external_id)
