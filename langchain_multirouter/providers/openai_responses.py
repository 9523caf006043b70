"""OpenAI's Responses API: when AzureChatOpenAI speaks it, and what of a call it takes otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .provider import Parameters, Translation

#: The service refuses a lower limit on an answer's tokens.
LEAST_TOKENS: Final = 16


def speaks_responses(model: Any, parameters: Parameters) -> bool:
    """Whether a call with these parameters goes to the Responses API.

    The class decides by its own settings, and where they leave it open by those of the call: some
    models take tools there only, and tools of the provider's own are known there alone.
    """
    said = model.use_responses_api
    if said is not None:
        return bool(said)
    if not parameters.tools and not model.model_kwargs:
        return False
    tools = [tool for tool in parameters.tools or () if isinstance(tool, Mapping)]
    return bool(model._use_responses_api({**model.model_kwargs, "tools": tools}))


def in_responses(model: Any, translation: Translation) -> Translation:
    """A call's parameters, as far as the Responses API has them: neither `seed` nor `stop`.

    There the body names the deployment. The class puts its model's name there, which is another
    wherever a deployment is called otherwise than its model.
    """
    settings, dropped = dict(translation.settings), list(translation.dropped)
    if "seed" in settings:
        del settings["seed"]
        dropped.append("seed")
    if settings.get("max_completion_tokens", LEAST_TOKENS) < LEAST_TOKENS:
        settings["max_completion_tokens"] = LEAST_TOKENS
        dropped.append(f"max_tokens below {LEAST_TOKENS}")
    if settings.get("response_format") == {"type": "text"}:
        del settings["response_format"]  # is the default; the class takes it for a schema
    if translation.stop:
        dropped.append("stop")
    name, deployment = model.model_name, model.deployment_name
    cool = refuses_temperature(model) or _drops_temperature(model, name or deployment or "")
    if cool and settings.pop("temperature", None) is not None:
        dropped.append("temperature")
    if name and deployment and name != deployment:
        settings["model"] = deployment
        if cool and model.temperature is not None:
            settings["temperature"] = None  # or it would be sent, under a name the class knows not
    return Translation(translation.model, None, settings, tuple(dropped))


def _drops_temperature(model: Any, name: str) -> bool:
    """Whether the class itself leaves a temperature out there, which it tells by the name."""
    effort = (model.reasoning or {}).get("effort") or model.reasoning_effort
    return name.startswith("gpt-5") and "chat" not in name and effort != "none"


def refuses_temperature(model: Any) -> bool:
    """A reasoning model, unless its reasoning is switched off."""
    profile = model.profile
    if not profile or profile.get("temperature") is not False:
        return False
    effort = model.reasoning_effort or (model.reasoning or {}).get("effort")
    return bool(effort != "none")
