"""Form controls in our dress: `{{ field|control }}`, used by `_field.html`."""

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def control(field: BoundField) -> SafeString:
    """Render a field's control with the classes that its kind and its errors call for."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        classes = "form-check-input"
    elif isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        classes = ""
    elif isinstance(widget, Select):
        classes = "form-select"
    else:
        classes = "form-control"
    given = str(widget.attrs.get("class", ""))
    attrs: dict[str, str | bool] = {"class": f"{given} {classes} {'is-invalid' if field.errors else ''}".strip()}
    described = [f"{field.auto_id}_hint"] if field.help_text else []
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.filter
def kind(field: BoundField) -> str:
    """Name the layout that a field wants: `check`, `choices` (a group of boxes or radios) or `line`."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    return "text" if isinstance(widget, Textarea) else "line"
