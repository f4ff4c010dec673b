#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes C decoder tables and documentation from tandem's JSON Schemas.

    generate.py api-c     SCHEMA OUT.h OUT.c    structs and tables of every method's params
    generate.py config-c  SCHEMA OUT.h OUT.c    the same for the configuration file
    generate.py api-md    SCHEMA OUT.md         docs/api.md
    generate.py config-md SCHEMA OUT.md         docs/config.md
    generate.py check     KIND SCHEMA FILE      is FILE (a .md) what would be made? exit 1 if not

Names in C, with the prefix api_ or cfg_:

  struct api_<method, dots as _>      params of a method; none for a method without params
  struct api_<name in $defs>          an object in $defs; an object written in place is named
                                      after where it stands: api_<parent>_<member>
  struct cfg_file                     the configuration file
  <struct name>_object                its decoder table, for json_decode()
  member                              has the name of the JSON member, and of its type:
                                      bool, int64_t, double, const char *, enum, nested struct,
                                      struct json_items (arrays), const struct json_value *
                                      (an object without properties, or a choice of types)
  bool has_<member>                   beside every member that is not required: was it there
  bool null_<member>                  beside every member that may be null: was it null; `has`
                                      is false then
  enum api_<name in $defs>            an enum; written in place, api_<parent>_<member>
  API_<ENUM>_<VALUE>                  its values, in the schema's order, from 0
  API_METHOD_<NAME>, API_EVENT_<TYPE>, API_ERR_<NAME>
                                      indexes into api_methods[] and api_events[], error codes

A member that is absent has its schema's default, or zero.

Keywords understood: type, properties, required, additionalProperties (false for all that is
decoded), enum, default, description, minimum, maximum, minLength, maxLength (bytes), items,
minItems, maxItems, $ref to $defs, anyOf of something and null, oneOf (becomes a json_value);
x-printable (no control characters), x-c-struct (make a table for it though no method's params
name it), x-unsupported (a method that answers `unsupported`).
"""
import json
import re
import sys

INT_MAX = 2**53 - 1
TEXT_MAX = 256 * 1024
C_WORDS = set("""auto break case char const continue default do double else enum extern float for
goto if inline int long register restrict return short signed sizeof static struct switch typedef
union unsigned void volatile while bool""".split())


class SchemaError(Exception):
    pass


def c_name(s):
    name = re.sub(r"[^A-Za-z0-9]", "_", s)
    if name in C_WORDS:
        raise SchemaError(f"{s}: a word of C")
    return name


def upper(prefix, name):
    return f"{prefix}_{re.sub(r'[^A-Za-z0-9]', '_', name)}".upper()


def c_string(s):
    if s is None:
        return "NULL"
    out = []
    for byte in s.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "\n":
            out.append("\\n")
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


class Schema:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.root = json.load(f)
        self.defs = self.root.get("$defs", {})

    def resolve(self, node):
        """(node with its $ref followed, name in $defs or None, may it be null)"""
        nullable = False
        if "anyOf" in node:
            rest = [n for n in node["anyOf"] if n != {"type": "null"}]
            if len(rest) != 1 or len(node["anyOf"]) != 2:
                raise SchemaError(f"anyOf must be of something and null: {node}")
            nullable = True
            node = {**rest[0], **{k: v for k, v in node.items() if k != "anyOf"}}
        name = None
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            target = self.defs[name]
            node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
        if isinstance(node.get("type"), list):
            rest = [t for t in node["type"] if t != "null"]
            if len(rest) != 1:
                raise SchemaError(f"more than one type: {node}")
            nullable = True
            node = {**node, "type": rest[0]}
        return node, name, nullable


def kind_of(node):
    if "oneOf" in node:
        return "any"
    if "enum" in node:
        return "enum"
    if node.get("type") == "object" and "properties" not in node:
        return "any"
    return node["type"]


def type_text(schema, node, link=None):
    """A type for people: 'integer 0..63', 'strict | once', 'array of string'."""
    node, name, nullable = schema.resolve(node)
    if "oneOf" in node:
        text = " | ".join(type_text(schema, n, link) for n in node["oneOf"])
    elif "const" in node:
        text = json.dumps(node["const"])
    elif "enum" in node:
        text = " | ".join(node["enum"])
    elif node["type"] == "array":
        text = "array of " + type_text(schema, node["items"], link) if "items" in node else "array"
        low, high = node.get("minItems", 0), node.get("maxItems")
        if high is not None:
            text += f", {low}" if low == high else f", {low}..{high}"
        elif low:
            text += f", at least {low}"
    elif node["type"] in ("integer", "number"):
        text = node["type"]
        low, high = node.get("minimum"), node.get("maximum")
        if low is not None and high is not None and high < INT_MAX:
            text += f" {low}..{high}"
        elif low is not None:
            text += f", at least {low}"
    elif node["type"] == "string":
        text = "string"
        if "maxLength" in node:
            text += f", {node.get('minLength', 0)}..{node['maxLength']} bytes"
    else:
        text = node["type"]
        if link is not None and name in link:
            text = f"[{name}](#{name})"
    return text + (" | null" if nullable else "")


def default_text(node):
    return json.dumps(node["default"]).strip('"') if "default" in node else None


def flatten(schema, node, prefix="", stop=()):
    """Rows (name, node, required) of an object's members and those inside them."""
    node = schema.resolve(node)[0]
    required = node.get("required", [])
    for key, raw in node.get("properties", {}).items():
        name = prefix + key
        yield name, raw, key in required
        inner, ref, _ = schema.resolve(raw)
        if inner.get("type") == "array" and "items" in inner:
            name += "[]"
            inner, ref, _ = schema.resolve(inner["items"])
        if inner.get("type") == "object" and "properties" in inner and ref not in stop:
            yield from flatten(schema, inner, name + ".", stop)


class Tables:
    """Collects structs, enums and tables in the order in which C needs them."""

    def __init__(self, schema, prefix):
        self.schema = schema
        self.prefix = prefix
        self.header = []
        self.source = []
        self.emitted = {}

    def once(self, name, node):
        """True the first time; two different types may not have one name."""
        key = json.dumps({k: v for k, v in node.items() if k not in ("description", "default")})
        if name not in self.emitted:
            self.emitted[name] = key
            return True
        if self.emitted[name] != key:
            raise SchemaError(f"{name}: two different types have this name")
        return False

    def enum(self, name, node):
        if not self.once(name, node):
            return
        values = [upper(name, v) for v in node["enum"]]
        self.header += comment(node.get("description"))
        self.header += [f"enum {name} {{"] + [f"\t{v}," for v in values] + ["};"]
        self.header += [f"extern const char *const {name}_names[]; /* NULL-terminated */", ""]
        names = ", ".join(c_string(v) for v in node["enum"])
        self.source += [f"const char *const {name}_names[] = {{{names}, NULL}};", ""]

    def object(self, name, node):
        """Struct and table for an object with properties."""
        if not self.once(name, node):
            return
        if node.get("additionalProperties") is not False:
            raise SchemaError(f"{name}: additionalProperties must be false")
        if len(node["properties"]) > 64:
            raise SchemaError(f"{name}: more than 64 members")
        members, fields = [], []
        for key, raw in node["properties"].items():
            member, field = self.member(name, key, raw, key in node.get("required", []))
            members += member
            fields += field
        if members:
            self.header += comment(node.get("description"))
            self.header += [f"struct {name} {{"] + members + ["};"]
            self.source += [f"static const struct json_field {name}_fields[] = {{"]
            self.source += fields + ["};", ""]
        self.header += [f"extern const struct json_object {name}_object;", ""]
        self.source += [f"const struct json_object {name}_object = {{", f'\t.name = "{name}",']
        if members:
            self.source += [
                f"\t.size = sizeof(struct {name}),",
                f"\t.fields = {name}_fields,",
                f"\t.field_count = sizeof({name}_fields) / sizeof({name}_fields[0]),",
            ]
        self.source += ["};", ""]

    def member(self, owner, key, raw, required):
        node, ref, nullable = self.schema.resolve(raw)
        c_key = c_name(key)
        inner = f"{self.prefix}_{ref}" if ref else f"{owner}_{c_key}"
        declaration, field = self.typed(inner, self.own(node, ref))
        lines = [f"\t{declaration.replace('@', c_key)}"]
        init = [f'.name = "{key}"', *field, f".offset = offsetof(struct {owner}, {c_key})"]
        for prefix, wanted in (("has", not required), ("null", nullable)):
            value = "JSON_NO_HAS"
            if wanted:
                lines.append(f"\tbool {prefix}_{c_key};")
                value = f"offsetof(struct {owner}, {prefix}_{c_key})"
            init.append(f".{prefix}_offset = {value}")
        if required:
            init.append(".required = true")
        if nullable:
            init.append(".nullable = true")
        init += self.default(inner, node)
        return lines, ["\t{"] + [f"\t\t{i}," for i in init] + ["\t},"]

    def own(self, node, ref):
        """A type in $defs is commented by its own description, not by that of its user."""
        own = self.schema.defs[ref].get("description") if ref else None
        return {**node, "description": own} if own else node

    def default(self, inner, node):
        value, kind = node.get("default"), kind_of(node)
        if value is None or value == []:
            return []
        if kind == "enum":
            return [f".default_int = {upper(inner, value)}"]
        if kind == "string":
            return [f".default_string = {c_string(value)}"]
        if kind in ("integer", "boolean"):
            return [f".default_int = {int(value)}"]
        raise SchemaError(f"{inner}: no default for this type")

    def typed(self, name, node):
        """(declaration with @ for the member's name, initialisers of the json_field)"""
        kind = kind_of(node)
        if kind == "boolean":
            return "bool @;", [".type = JSON_BOOL"]
        if kind == "integer":
            low, high = node.get("minimum", -INT_MAX), node.get("maximum", INT_MAX)
            return "int64_t @;", [".type = JSON_INT", f".min = {low}", f".max = {min(high, INT_MAX)}"]
        if kind == "number":
            return "double @;", [".type = JSON_NUMBER"]
        if kind == "string":
            init = [".type = JSON_STRING", f".min = {node.get('minLength', 0)}"]
            init.append(f".max = {node.get('maxLength', TEXT_MAX)}")
            if node.get("x-printable"):
                init.append(".printable = true")
            return "const char *@;", init
        if kind == "enum":
            self.enum(name, node)
            return f"enum {name} @;", [".type = JSON_ENUM", f".names = {name}_names"]
        if kind == "object":
            self.object(name, node)
            return f"struct {name} @;", [".type = JSON_OBJECT", f".object = &{name}_object"]
        if kind == "array":
            return self.array(name, node)
        if kind == "any":
            init = [".type = JSON_ANY"]
            if node.get("type") == "object":
                init.append(".any_object = true")
            return "const struct json_value *@;", init
        raise SchemaError(f"{name}: type {kind} is not understood")

    def array(self, name, node):
        item, ref, nullable = self.schema.resolve(node["items"])
        inner = f"{self.prefix}_{ref}" if ref else f"{name}_item"
        declaration, field = self.typed(inner, self.own(item, ref))
        init = ['.name = "item"', *field, ".has_offset = JSON_NO_HAS", ".null_offset = JSON_NO_HAS"]
        if nullable:
            init.append(".nullable = true")
        self.source += [f"static const struct json_field {name}_element = {{"]
        self.source += [f"\t{i}," for i in init] + ["};", ""]
        what = declaration.replace("@", "").replace(";", "").strip()
        low, high = node.get("minItems", 0), node.get("maxItems", TEXT_MAX)
        init = [".type = JSON_ARRAY", f".min = {low}", f".max = {high}", f".element = &{name}_element"]
        return f"struct json_items @; /* of {what} */", init


def comment(text):
    if not text:
        return []
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > 88:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    lines.append(line)
    if len(lines) == 1:
        return [f"/* {lines[0]} */"]
    return ["/*"] + [f" * {l}" for l in lines] + [" */"]


BANNER = """/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Made from configs/schema/{schema} by generate.py; change that.
 *
 * {what}. A member has the name of the JSON member.
 * has_<member>: it was there; null_<member>: it was null. What is absent has its default, or
 * zero. Strings point into the parsed text: they live until json_free(); arrays until
 * json_decode_free(). <struct name>_object is the table for json_decode().
 */
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def write_c(h_path, c_path, banner, guard, header, source, include):
    head = [f"#ifndef {guard}", f"#define {guard}", "", "#include <stdbool.h>",
            "#include <stddef.h>", "#include <stdint.h>", "", '#include "json.h"', ""]
    write(h_path, banner + "\n".join(head + header + ["#endif"]) + "\n")
    write(c_path, "/* SPDX-License-Identifier: BSD-3-Clause */\n"
          f'/* Made by generate.py; change the schema. */\n#include "{include}"\n\n'
          + "\n".join(source).rstrip("\n") + "\n")


def embed(name, document):
    """The schema as one C string, a line of source per piece."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    pieces = [text[i:i + 80] for i in range(0, len(text), 80)]
    return [f"const char {name}[] ="] + [f"\t{c_string(p)}" for p in pieces[:-1]] + \
        [f"\t{c_string(pieces[-1])};", f"const size_t {name}_len = sizeof({name}) - 1;", ""]


API_TYPES = """
/* A parameter, for help: members of members as "legs[].remote.port". */
struct api_param {
	const char *name;
	const char *type;	   /* for people: "integer 0..63" */
	const char *default_value; /* NULL: none */
	const char *description;
	bool required;
};

struct api_method {
	const char *name;
	const char *summary;
	const char *description;
	bool write;	  /* not for the read-only socket */
	bool unsupported; /* answers API_ERR_UNSUPPORTED, whatever its params */
	const struct json_object *params; /* NULL if unsupported; size 0 if it takes none */
	const struct api_param *param_list;
	size_t param_count;
};
/* Indexed by enum api_method_id. */
extern const struct api_method api_methods[API_METHOD_COUNT];

/* Names that begin with one of these are known, but unsupported. NULL-terminated. */
extern const char *const api_reserved_prefixes[];

struct api_event {
	const char *type;
	const char *description;
};
/* Indexed by enum api_event_id. */
extern const struct api_event api_events[API_EVENT_COUNT];

struct api_error {
	int code;
	const char *name;
	const char *description;
};
extern const struct api_error api_errors[];
extern const size_t api_error_count;

/* The whole schema, JSON, for system.schema. */
extern const char api_schema_json[];
extern const size_t api_schema_json_len;
"""


def constants(comment_text, name, values, numbers=None):
    lines = comment(comment_text) + [f"enum {name} {{"]
    lines += [f"\t{v} = {numbers[i]}," if numbers else f"\t{v}," for i, v in enumerate(values)]
    return lines + ["};", ""]


def api_c(schema, h_path, c_path):
    root, tables = schema.root, Tables(schema, "api")
    for name, method in root["methods"].items():
        if not method.get("x-unsupported"):
            tables.object(f"api_{c_name(name)}", method["params"])
    for name, node in root["$defs"].items():
        if node.get("x-c-struct"):
            tables.object(f"api_{name}", node)

    methods = [upper("API_METHOD", n) for n in root["methods"]]
    events = [upper("API_EVENT", n) for n in root["events"]]
    errors = [upper("API_ERR", n) for n in root["errors"]]
    codes = [e["code"] for e in root["errors"].values()]
    header = tables.header
    header += constants("Methods.", "api_method_id", methods + ["API_METHOD_COUNT"])
    header += constants("Types of events.", "api_event_id", events + ["API_EVENT_COUNT"])
    header += constants("error.code", "api_error_code", errors, codes)
    header += ["#define API_MAJOR %d" % root["api"]["major"],
               "#define API_MINOR %d" % root["api"]["minor"]]
    header += API_TYPES.split("\n")

    source = tables.source
    for name, method in root["methods"].items():
        rows = list(flatten(schema, method["params"]))
        if rows:
            source += [f"static const struct api_param api_{c_name(name)}_params[] = {{"]
            source += [param_row(schema, *row) for row in rows] + ["};", ""]
    source += ["const struct api_method api_methods[API_METHOD_COUNT] = {"]
    for constant, (name, method) in zip(methods, root["methods"].items()):
        source += method_row(schema, constant, name, method)
    source += ["};", ""]
    reserved = ", ".join(c_string(p) for p in root["reserved"])
    source += [f"const char *const api_reserved_prefixes[] = {{{reserved}, NULL}};", ""]
    source += ["const struct api_event api_events[API_EVENT_COUNT] = {"]
    source += [f"\t[{c}] = {{{c_string(n)}, {c_string(e['description'])}}},"
               for c, (n, e) in zip(events, root["events"].items())] + ["};", ""]
    source += ["const struct api_error api_errors[] = {"]
    source += [f"\t{{{c}, {c_string(n)}, {c_string(e['description'])}}},"
               for c, (n, e) in zip(errors, root["errors"].items())] + ["};", ""]
    source += ["const size_t api_error_count = sizeof(api_errors) / sizeof(api_errors[0]);", ""]
    source += embed("api_schema_json", root)
    banner = BANNER.format(schema="api.schema.json", what="The params of every method of the control API")
    write_c(h_path, c_path, banner, "API_TABLES_H", header, source, "api_tables.h")


def param_row(schema, name, raw, required):
    node = schema.resolve(raw)[0]
    values = [name, type_text(schema, raw), default_text(node), node.get("description", "")]
    flag = "true" if required else "false"
    return "\t{" + ", ".join(c_string(v) for v in values) + f", {flag}}},"


def method_row(schema, constant, name, method):
    lines = [f"\t[{constant}] = {{", f"\t\t.name = {c_string(name)},",
             f"\t\t.summary = {c_string(method['summary'])},",
             f"\t\t.description = {c_string(method['description'])},"]
    if method["access"] == "write":
        lines.append("\t\t.write = true,")
    if method.get("x-unsupported"):
        lines.append("\t\t.unsupported = true,")
    else:
        lines.append(f"\t\t.params = &api_{c_name(name)}_object,")
    if list(flatten(schema, method["params"])):
        rows = f"api_{c_name(name)}_params"
        lines += [f"\t\t.param_list = {rows},",
                  f"\t\t.param_count = sizeof({rows}) / sizeof({rows}[0]),"]
    return lines + ["\t},"]


def config_c(schema, h_path, c_path):
    tables = Tables(schema, "cfg")
    root = {k: v for k, v in schema.root.items() if k not in ("$defs", "description")}
    tables.object("cfg_file", root)
    header = tables.header + ["extern const char cfg_schema_json[];", "extern const size_t cfg_schema_json_len;", ""]
    source = tables.source + embed("cfg_schema_json", schema.root)
    banner = BANNER.format(schema="config.schema.json", what="The configuration file")
    write_c(h_path, c_path, banner, "CONFIG_TABLES_H", header, source, "config_tables.h")


# ---- documentation -----------------------------------------------------------------------------


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def rows_table(schema, node, required_word, link):
    rows = list(flatten(schema, node, stop=link))
    if not rows:
        return []
    out = [f"| member | type | {required_word} | meaning |", "|---|---|---|---|"]
    for name, raw, required in rows:
        inner = schema.resolve(raw)[0]
        default = default_text(inner)
        presence = "yes" if required else f"default `{default}`" if default is not None else ""
        out.append(f"| `{name}` | {cell(type_text(schema, raw, link))} | {presence} | {cell(inner.get('description', ''))} |")
    return out + [""]


def api_md(schema):
    root = schema.root
    major, minor = root["api"]["major"], root["api"]["minor"]
    link = [n for n, d in root["$defs"].items() if d.get("type") == "object" and n != "version"]
    out = ["<!-- Made from configs/schema/api.schema.json by generate.py; change that. -->",
           "# The control API", "",
           f"Version {major}.{minor}. JSON-RPC 2.0 over a unix stream socket, one request a line. "
           "All methods are served on `/run/tandem/api.sock`, those of access read on "
           "`/run/tandem/ro.sock` too. The schema itself is the answer of `system.schema`.", "",
           "Requests are checked strictly and whole before anything is done: unknown or duplicate "
           "keys, wrong types, bad UTF-8, `\\u0000`, trailing bytes, depth over 16 or a line over "
           "256 KiB are errors, and `error.data.path` names the place as a JSON pointer. A batch "
           "(an array) is answered in order. A request without `id` gets no reply. Lengths of "
           "strings are bytes. Answers may gain members; a client ignores what it does not know.",
           "", "## Methods", "", "| method | access | |", "|---|---|---|"]
    for name, method in root["methods"].items():
        anchor = name.replace(".", "")
        note = " (unsupported)" if method.get("x-unsupported") else ""
        out.append(f"| [`{name}`](#{anchor}) | {method['access']} | {cell(method['summary'])}{note} |")
    reserved = ", ".join(f"`{p}*`" for p in root["reserved"])
    out += ["", f"Methods {reserved} are reserved and answer `unsupported`.", ""]
    for name, method in root["methods"].items():
        out += [f"### {name}", "", f"{method['summary']}. Access: {method['access']}.", "",
                method["description"], ""]
        if method.get("x-unsupported"):
            out += ["Answers `unsupported`.", ""]
            continue
        params = rows_table(schema, method["params"], "required", link)
        out += ["Parameters:", "", *params] if params else ["No parameters.", ""]
        result, ref, _ = schema.resolve(method["result"])
        table = rows_table(schema, result, "always", link)
        if ref:
            out += [f"Result: [{ref}](#{ref}).", ""]
        elif table:
            out += ["Result:", "", *table]
        else:
            out += ["Result: an empty object.", ""]
        if method["errors"]:
            out += ["Errors: " + ", ".join(f"`{e}`" for e in method["errors"]) + ".", ""]
    out += ["## Types", ""]
    for name in link:
        node = root["$defs"][name]
        out += [f"### {name}", "", node["description"], "", *rows_table(schema, node, "always", link)]
    out += ["## Events", "",
            "Pushed to subscribers as a notification: method `event`, params with `seq` (the "
            "event's number), `type`, and the members below.", ""]
    for name, event in root["events"].items():
        out += [f"### {name}", "", event["description"], "",
                *rows_table(schema, event["params"], "always", link)]
    out += ["## Errors", "", "`error.code`, and the stable `error.data.name`.", "",
            "| code | name | meaning |", "|---|---|---|"]
    out += [f"| {e['code']} | `{n}` | {cell(e['description'])} |" for n, e in root["errors"].items()]
    return "\n".join(out) + "\n"


def config_md(schema):
    root = schema.root
    out = ["<!-- Made from configs/schema/config.schema.json by generate.py; change that. -->",
           "# The configuration file", "",
           "One JSON file, read once at start and checked whole; `tandemd --check FILE` does only "
           "that, and names the place of a fault as a JSON pointer. Unknown and duplicate keys are "
           "faults too. `configs/example.json` is an appliance on two NICs. Lengths of strings are "
           "bytes.", "", "## Top level", ""]
    link = [n for n, d in root["$defs"].items() if d.get("type") == "object"]
    out += rows_table(schema, root, "required", link)
    for name in link:
        node = root["$defs"][name]
        out += [f"## {name}", "", node["description"], "", *rows_table(schema, node, "required", link)]
    return "\n".join(out).rstrip("\n") + "\n"


MARKDOWN = {"api-md": api_md, "config-md": config_md}


def check(kind, schema_path, path):
    with open(path, encoding="utf-8") as f:
        if f.read() == MARKDOWN[kind](Schema(schema_path)):
            return 0
    print(f"{path} is out of date: configs/schema/generate.py {kind} {schema_path} {path}", file=sys.stderr)
    return 1


def main(args):
    try:
        if len(args) == 4 and args[0] == "check" and args[1] in MARKDOWN:
            return check(*args[1:])
        if len(args) == 4 and args[0] == "api-c":
            api_c(Schema(args[1]), args[2], args[3])
        elif len(args) == 4 and args[0] == "config-c":
            config_c(Schema(args[1]), args[2], args[3])
        elif len(args) == 3 and args[0] in MARKDOWN:
            write(args[2], MARKDOWN[args[0]](Schema(args[1])))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except SchemaError as e:
        print(f"{args[1]}: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
