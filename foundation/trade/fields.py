"""Model fields for words of the trade."""

from collections.abc import Sequence
from typing import Any

from django.db import models


class PublicIdField(models.CharField[str, str]):
    """A thing's public id: unique, never changed, compared byte for byte."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(max_length=40, unique=True, editable=False, db_collation="C")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Leave out what `__init__` sets, so that migrations stay short."""
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "unique", "editable", "db_collation"):
            kwargs.pop(key, None)
        return name, path, args, kwargs
