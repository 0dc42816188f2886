"""Label and field selectors of lists and watches, as the API server reads them."""

import re


class BadSelector(ValueError):
    """What a request is refused for, in words."""


_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_SET = re.compile(rf"^(?P<key>{_NAME})\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUALITY = re.compile(rf"^(?P<key>{_NAME})\s*(?P<operator>==|!=|=)\s*(?P<value>[-A-Za-z0-9_.]*)$")
_EXISTS = re.compile(rf"^(?P<not>!?)\s*(?P<key>{_NAME})$")


def parse_labels(text):
    """A function of labels that says whether they match; None for a selector that matches everything."""
    requirements = [_requirement(part.strip()) for part in _split(text)]
    if not requirements:
        return None
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _split(text):
    """At the commas that are not between parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _requirement(text):
    if found := _SET.match(text):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        # As in Kubernetes, notin and != match an object without the label.
        if found["operator"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUALITY.match(text):
        key, value = found["key"], found["value"]
        if found["operator"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(text):
        key, is_wanted = found["key"], not found["not"]
        return lambda labels: (key in labels) == is_wanted
    raise BadSelector(f'unable to parse requirement: found "{text}"')


def parse_fields(text, resource):
    """A function of an object that says whether it matches; None for a selector that matches everything."""
    terms = []
    for part in (part.strip() for part in text.split(",") if part.strip()):
        found = re.match(r"^([^=!]+)(==|!=|=)(.*)$", part)
        if not found:
            raise BadSelector(f'invalid selector: "{text}"; can\'t understand "{part}"')
        field, operator, value = found.groups()
        if field != "metadata.name" and field not in resource.fields:
            if field != "metadata.namespace" or not resource.is_namespaced:
                raise BadSelector(f"field label not supported: {field}")
        terms.append((field.split("."), value, operator != "!="))
    if not terms:
        return None

    def matches(obj):
        return all((_at(obj, path) == value) == is_equal for path, value, is_equal in terms)

    return matches


def _at(obj, path):
    for word in path:
        obj = obj.get(word) or {}
    return obj or ""


def selection(parameters, resource):
    """One function of an object for a request's labelSelector and fieldSelector; None: everything."""
    labels = parse_labels(parameters.get("labelSelector", ""))
    fields = parse_fields(parameters.get("fieldSelector", ""), resource)
    if labels is None:
        return fields
    if fields is None:
        return lambda obj: labels(obj["metadata"].get("labels") or {})
    return lambda obj: labels(obj["metadata"].get("labels") or {}) and fields(obj)
