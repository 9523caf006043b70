"""Subsets: how much of JSON Schema each service takes, as rows of a table.

Sources: OpenAI's "Structured Outputs: supported schemas" (and Azure's page of that name),
Anthropic's "Structured outputs: JSON Schema limitations" and "Tool use", AWS's "Using tools with
Amazon Nova", Google's `responseJsonSchema` and `FunctionDeclaration` reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

#: They say something to a reader and nothing about what is valid.
ANNOTATIONS: Final = frozenset({"title", "description", "default", "examples", "example"})
#: They only narrow a value whose form is known without them: left out, more is valid, nothing else.
BOUNDS: Final = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "propertyNames",
        "contains",
        "minContains",
        "maxContains",
        "dependentRequired",
    }
)
#: Left out, a schema would describe something else.
MEANINGS: Final = frozenset(
    {
        "not",
        "if",
        "then",
        "else",
        "allOf",
        "oneOf",
        "patternProperties",
        "dependentSchemas",
        "dependencies",
        "prefixItems",
        "additionalItems",
        "unevaluatedProperties",
        "unevaluatedItems",
        "$dynamicRef",
        "$recursiveRef",
    }
)
#: What every service takes.
CORE: Final = frozenset({"type", "description", "enum", "anyOf", "items", "properties", "required"})
ALL: Final = ANNOTATIONS | BOUNDS | MEANINGS | CORE | {"const", "additionalProperties"}

#: Keyword → the type of value that it speaks of.
TYPE_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties",
                     "minProperties", "maxProperties", "propertyNames", "dependentRequired",
                     "dependentSchemas", "unevaluatedProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains",
                     "minContains", "maxContains", "unevaluatedItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
                     "multipleOf"), "number"),
}  # fmt: skip


class Subset(NamedTuple):
    """One service's part of JSON Schema.

    Args:
        keywords: What it takes.
        references: It takes `$ref` and `$defs`, recursive ones too; else they are written out.
        typed: Every schema needs a type, or an `anyOf` that stands alone.
        closed: Every object says `additionalProperties: false`, so that no map can be said.
        all_required: Every property is required.
        nullable: It says `nullable: true` where others say `anyOf` with the type null.
        enums: The types of value that an `enum` may list; None for all.
        formats: The formats it knows; None for all.
        root: What the outermost schema may say; None for all but a combination.
        property_name: What a property's name must match.
        root_names_only: Only the outermost properties' names must match.
        drops_null: An optional property whose default is null need not take null: the service
            counts such unions, and allows few.
        min_items: The highest `minItems` it takes; None for any.
    """

    keywords: frozenset[str] = ALL
    references: bool = True
    typed: bool = False
    closed: bool = False
    all_required: bool = False
    nullable: bool = False
    enums: frozenset[str] | None = None
    formats: frozenset[str] | None = None
    root: frozenset[str] | None = None
    property_name: str | None = None
    root_names_only: bool = False
    drops_null: bool = False
    min_items: int | None = None


_CLAUDES_NAMES: Final = r"[a-zA-Z0-9_.-]{1,64}"
_SCALARS: Final = frozenset({"string", "number", "integer", "boolean", "null"})
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)

OPENAI: Final = Subset()
OPENAI_STRICT: Final = Subset(
    keywords=CORE | {"const", "additionalProperties", "title"},
    typed=True,
    closed=True,
    all_required=True,
    enums=_SCALARS,
)
CLAUDE: Final = Subset(property_name=_CLAUDES_NAMES)
BEDROCK_CLAUDE: Final = CLAUDE._replace(drops_null=True)
CLAUDE_STRICT: Final = Subset(
    keywords=CORE | {"const", "additionalProperties", "title", "default", "format", "minItems"},
    references=False,
    typed=True,
    closed=True,
    enums=_SCALARS,
    formats=_FORMATS | {"uri"},
    property_name=_CLAUDES_NAMES,
    drops_null=True,
    min_items=1,
)
CONVERSE: Final = Subset(references=False, drops_null=True)
NOVA: Final = CONVERSE._replace(root=frozenset({"type", "properties", "required"}))
GEMINI: Final = Subset(
    keywords=CORE
    | {"title", "format", "minItems", "maxItems", "minimum", "maximum", "additionalProperties"},
    references=False,
    typed=True,
    enums=frozenset({"string", "number", "integer"}),
    formats=frozenset({"date-time", "date", "time", "int32", "int64", "float", "double"}),
    property_name=r"[a-zA-Z_][a-zA-Z0-9_]{0,63}",
    root_names_only=True,
)
GEMINI_ANSWER: Final = GEMINI._replace(property_name=None)
GAPIC: Final = GEMINI._replace(
    keywords=CORE
    | {"format", "minItems", "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern"},
    enums=frozenset({"string"}),
    nullable=True,
)


class Schemas(NamedTuple):
    """What one dialect takes where.

    Args:
        tools: Of a tool's parameters.
        strict: Of a strict tool's; None where there are none.
        answers: Of a response format's schema; None where there is none.
        strict_answers: Of a strict one's.
        tool_name: What a tool's name must match.
        formats_beside_tools: Whether a call may have tools and a response format.
        json_mode: Whether an answer can be held to JSON without a schema.
    """

    tools: Subset
    strict: Subset | None
    answers: Subset | None
    strict_answers: Subset | None
    tool_name: str
    formats_beside_tools: bool = True
    json_mode: bool = True


_NAME: Final = r"[a-zA-Z0-9_-]{1,64}"
_GOOGLES_NAME: Final = r"[a-zA-Z_][\w.:-]{0,63}"

_GEMINI: Final = Schemas(GEMINI, GEMINI, GEMINI_ANSWER, GEMINI_ANSWER, _GOOGLES_NAME)

#: Dialect's `schemas`, or else its name → what it takes; a dialect that is not here is left alone.
SCHEMAS: Final[Mapping[str, Schemas]] = {
    "bedrock_claude": Schemas(
        BEDROCK_CLAUDE, CLAUDE_STRICT, CLAUDE_STRICT, CLAUDE_STRICT, _NAME, json_mode=False
    ),
    "bedrock_invoke": Schemas(CLAUDE, None, None, None, _NAME, json_mode=False),
    "bedrock_nova": Schemas(NOVA, None, CLAUDE_STRICT, CLAUDE_STRICT, _NAME, json_mode=False),
    "bedrock_other": Schemas(CONVERSE, None, CLAUDE_STRICT, CLAUDE_STRICT, _NAME, json_mode=False),
    "azure_chat": Schemas(OPENAI, OPENAI_STRICT, OPENAI, OPENAI_STRICT, _NAME),
    "azure_responses": Schemas(OPENAI, OPENAI_STRICT, OPENAI, OPENAI_STRICT, _NAME),
    "vertex_gemini": _GEMINI,
    "vertex_gemini_2": _GEMINI._replace(formats_beside_tools=False),
    "vertex_gapic": Schemas(GAPIC, GAPIC, None, None, _GOOGLES_NAME, json_mode=False),
    "vertex_claude": Schemas(CLAUDE, None, None, None, _NAME, json_mode=False),
}
