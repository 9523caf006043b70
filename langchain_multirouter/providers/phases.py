"""Phases: how far a call had come when it failed, read off the traceback.

A ValueError from writing the request is the caller's mistake; the same one from reading the answer
is the provider's. Neither type nor time tells them apart, but the functions that were under way do:
one table of their names. Names are looked up whatever the package, so that subclasses and providers
built on the same SDKs are understood too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto


class Phase(Enum):
    """What a call was at."""

    REQUEST = auto()  # writing the request; nothing was sent
    CREDENTIALS = auto()  # getting a token or a key
    RESPONSE = auto()  # reading an answer
    STREAM = auto()  # reading an answer piece by piece


def _by_word(rows: Mapping[Phase, str]) -> dict[str, Phase]:
    return {word: phase for phase, words in rows.items() for word in words.split()}


_FUNCTIONS: Mapping[str, Phase] = _by_word(
    {
        Phase.REQUEST: """
            _get_request_payload _convert_message_to_dict _construct_responses_api_payload
            _messages_to_bedrock _converse_params _format_tools _apply_response_format
            _prepare_request _parse_chat_history _prepare_params _build_request_config
            _prepare_request_gemini _format_params _convert_messages_to_prompt
            _convert_to_prompt convert_to_openai_tool
            _tokenize _batch_cohere_embedding_texts""",
        Phase.CREDENTIALS: """
            _get_azure_ad_token _refresh_api_key load_auth refresh_auth
            get_token_from_credentials _access_token _async_access_token
            get_frozen_credentials load_credentials get_auth_token""",
        Phase.RESPONSE: """
            _create_chat_result _convert_dict_to_message
            _construct_lc_result_from_responses_api _convert_responses_chunk_to_generation_chunk
            _convert_chunk_to_generation_chunk _convert_delta_to_message_chunk
            _get_generation_chunk_from_completion
            _parse_response _parse_stream_event _extract_usage_metadata
            _response_to_result _parse_response_candidate _gemini_response_to_chat_result
            _gemini_chunk_to_generation_chunk _from_response _format_output
            _process_response _parse_chat_completion parse_chat_completion generate_from_stream
            _make_api_call_response _load_json_from_response
            embed_query embed_documents aembed_query aembed_documents""",
        Phase.STREAM: """
            __stream__ _iter_events
            segments async_segments _iter_response_stream _aiter_response_stream
            _create_raw_event_generator _parse_event""",
    }
)

#: Modules that do nothing but read answers.
_MODULES: Mapping[str, Phase] = {
    "botocore.parsers": Phase.RESPONSE,
    "botocore.eventstream": Phase.STREAM,
}


def phases(errors: Iterable[BaseException]) -> frozenset[Phase]:
    """The phases that were under way when these exceptions (one and its causes) were raised."""
    found = set()
    for error in errors:
        trace = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            phase = _FUNCTIONS.get(frame.f_code.co_name)
            if phase is None:
                phase = _MODULES.get(frame.f_globals.get("__name__", ""))
            if phase is not None:
                found.add(phase)
            trace = trace.tb_next
    return frozenset(found)
