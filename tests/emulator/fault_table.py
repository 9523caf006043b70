"""What each real client makes of each fault, measured: the table is the specification."""

from langchain_multirouter.emulator import Fault
from langchain_multirouter.emulator import FaultKind as K

# What invoke and ainvoke come to, then stream and astream; one word if all four agree. An
# exception's class, or "text" or "empty" for an answer, with its finish reason.
ANSWER = {"azure_openai": "text stop", "aws_bedrock": "text end_turn", "gcp_vertex": "text STOP"}
_AZURE_API, _VERTEX_API = "OpenAIAPIError", "GoogleAPIError"
_VERTEX_OTHER = "ChatGoogleGenerativeAIError"
_NO_OUTPUT, _NO_STOP = "ValueError", "ConnectionError"
STATUSES: dict[int, tuple[str, str, str]] = {
    400: ("OpenAIInvalidRequestError", "ValidationException", "GoogleInvalidRequestError"),
    401: ("OpenAIAuthenticationError", "ClientError", "GoogleAuthenticationError"),
    403: ("OpenAIPermissionDeniedError", "AccessDeniedException", "GooglePermissionDeniedError"),
    404: ("OpenAIModelNotFoundError", "ResourceNotFoundException", "GoogleModelNotFoundError"),
    408: ("APIStatusError", "ModelTimeoutException", _VERTEX_OTHER),
    409: ("ConflictError", "ConflictException", _VERTEX_OTHER),
    413: ("APIStatusError", "ClientError", _VERTEX_OTHER),
    422: ("UnprocessableEntityError", "ClientError", _VERTEX_OTHER),
    424: ("APIStatusError", "ModelErrorException", _VERTEX_OTHER),
    429: ("OpenAIRateLimitError", "ThrottlingException", "GoogleRateLimitError"),
    498: ("APIStatusError", "ClientError", _VERTEX_OTHER),
    500: (_AZURE_API, "InternalServerException", _VERTEX_API),
    502: (_AZURE_API, "ClientError", _VERTEX_API),
    503: (_AZURE_API, "ServiceUnavailableException", _VERTEX_API),
    504: (_AZURE_API, "ClientError", _VERTEX_API),
    529: (_AZURE_API, "ClientError", _VERTEX_API),
}
_AZURE_CONNECTION, _AZURE_TIMEOUT = "OpenAIConnectionError", "OpenAITimeoutError"
_BROKEN_TOOL = ("empty tool_calls", "empty malformed_tool_use", "empty MALFORMED_FUNCTION_CALL")
KINDS: list[tuple[Fault, tuple[str, str, str]]] = [
    (Fault(K.EMPTY_BODY_STATUS, status=500), (_AZURE_API, "ClientError", _VERTEX_API)),
    (Fault(K.RESET), (_AZURE_CONNECTION, "ConnectionClosedError", "ReadError")),
    (Fault(K.CLOSE), (_AZURE_CONNECTION, "ConnectionClosedError", "RemoteProtocolError")),
    (Fault(K.GARBAGE), (_AZURE_CONNECTION, "ConnectionClosedError", "RemoteProtocolError")),
    (
        Fault(K.RESET_MIDSTREAM),
        (_AZURE_CONNECTION, "ConnectionClosedError | ProtocolError", "ReadError"),
    ),
    (
        Fault(K.FIN_MIDSTREAM),
        (_AZURE_CONNECTION, f"{_NO_OUTPUT} | ProtocolError", "RemoteProtocolError"),
    ),
    (
        Fault(K.CLEAN_EOF_MIDSTREAM),
        (
            "JSONDecodeError | text None",
            f"{_NO_OUTPUT} | {_NO_STOP}",
            "JSONDecodeError | text None",
        ),
    ),
    (
        Fault(K.SHORT_BODY),
        (_AZURE_CONNECTION, f"{_NO_OUTPUT} | {_NO_STOP}", "RemoteProtocolError"),
    ),
    (
        Fault(K.MALFORMED),
        (
            "JSONDecodeError",
            f"{_NO_OUTPUT} | ChecksumMismatch",
            "JSONDecodeError | UnknownApiResponseError",
        ),
    ),
    (
        Fault(K.MALFORMED, after_chunks=3),
        (
            "JSONDecodeError",
            f"{_NO_OUTPUT} | ChecksumMismatch",
            "JSONDecodeError | UnknownApiResponseError",
        ),
    ),
    (
        Fault(K.HTML),
        (
            "ValueError",
            f"{_NO_OUTPUT} | ChecksumMismatch",
            "JSONDecodeError | UnknownApiResponseError",
        ),
    ),
    (
        Fault(K.EMPTY_BODY),
        ("JSONDecodeError | ValueError", f"{_NO_OUTPUT} | {_NO_STOP}", "empty None | ValueError"),
    ),
    (
        Fault(K.EMPTY_JSON),
        ("TypeError | ValueError", f"{_NO_OUTPUT} | {_NO_STOP}", "empty None"),
    ),
    (
        Fault(K.ERROR_JSON),
        ("ValueError", f"{_NO_OUTPUT} | ChecksumMismatch", "empty None | GoogleAPIError"),
    ),
    (Fault(K.EMPTY_ANSWER), ("empty stop", "empty end_turn", "empty STOP")),
    (
        Fault(K.EMPTY_CHOICES),
        ("IndexError | empty None", f"{_NO_OUTPUT} | {_NO_STOP}", "empty None"),
    ),
    (Fault(K.NO_FINISH), ("text None", f"text None | {_NO_STOP}", "text None")),
    (Fault(K.TRUNCATED), ("text length", "text max_tokens", "text MAX_TOKENS")),
    (
        Fault(K.BLOCKED_PROMPT),
        ("OpenAIInvalidRequestError", "text guardrail_intervened", "empty None"),
    ),
    (
        Fault(K.BLOCKED_ANSWER),
        ("ValueError | empty content_filter", "empty content_filtered", "empty SAFETY"),
    ),
    (
        Fault(K.ERROR_EVENT),
        (
            f"{_AZURE_API} | APIError",
            "ServiceUnavailableException | EventStreamError",
            _VERTEX_API,
        ),
    ),
    (
        Fault(K.ERROR_EVENT, status=429, after_chunks=2),
        (
            "OpenAIRateLimitError | APIError",
            "ThrottlingException | EventStreamError",
            "GoogleRateLimitError",
        ),
    ),
    (
        Fault(K.CONTEXT_OVERFLOW),
        ("OpenAIInvalidRequestError", "ValidationException", "GoogleContextOverflowError"),
    ),
    (Fault(K.MALFORMED_TOOL_CALL), _BROKEN_TOOL),
]
SILENCES: list[tuple[Fault, tuple[str, str, str]]] = [
    (Fault(K.SILENCE), (_AZURE_TIMEOUT, "ReadTimeoutError", "ReadTimeout")),
    (Fault(K.SILENCE_MIDSTREAM), (_AZURE_TIMEOUT, "ReadTimeoutError", "ReadTimeout")),
    (
        Fault(K.NO_END),
        (
            f"text stop | {_AZURE_TIMEOUT}",
            "text end_turn | ReadTimeoutError",
            "text STOP | ReadTimeout",
        ),
    ),
]
CODES: list[tuple[str, str, int, str]] = [
    ("azure_openai", "insufficient_quota", 429, "OpenAIRateLimitError"),
    ("azure_openai", "content_filter", 400, "OpenAIInvalidRequestError"),
    ("azure_openai", "context_length_exceeded", 400, "OpenAIInvalidRequestError"),
    ("aws_bedrock", "ServiceQuotaExceededException", 400, "ServiceQuotaExceededException"),
    ("aws_bedrock", "ModelNotReadyException", 429, "ModelNotReadyException"),
    ("aws_bedrock", "ExpiredTokenException", 403, "ClientError"),
]
