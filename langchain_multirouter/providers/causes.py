"""Causes: the one table of what providers and their SDKs call a failure, as data."""

from __future__ import annotations

from collections.abc import Mapping

from ..outcome import Cause


def _by_word(rows: Mapping[Cause, str]) -> dict[str, Cause]:
    return {word: cause for cause, words in rows.items() for word in words.split()}


def _by_phrase(rows: Mapping[Cause, tuple[str, ...]]) -> dict[str, Cause]:
    return {phrase: cause for cause, phrases in rows.items() for phrase in phrases}


#: A provider's own code, casefolded → cause. Bedrock's exception names (camel case in a stream,
#: Pascal case before it), Azure's and OpenAI's codes and types, Google's canonical status names.
CODES: Mapping[str, Cause] = _by_word(
    {
        Cause.THROTTLED: """
            throttlingexception throttling throttledexception requestthrottledexception
            requestthrottled requestlimitexceeded toomanyrequestsexception toomanyrequests
            too_many_requests provisionedthroughputexceededexception slowdown
            rate_limit_exceeded rate_limit_error ratelimitreached ratelimitexceeded
            tokens_exceeded resource_exhausted""",
        Cause.QUOTA_EXHAUSTED: """
            servicequotaexceededexception limitexceededexception insufficient_quota
            quotaexceeded quota_exceeded billing_hard_limit_reached billing_not_active
            billing_error""",
        Cause.OVERLOADED: """
            serviceunavailableexception serviceunavailable service_unavailable
            modelnotreadyexception unavailable nocapacity no_capacity capacity_exceeded
            overloaded overloaded_error server_overloaded engine_overloaded""",
        Cause.SERVER: """
            internalserverexception internalfailure internalservererror internal_server_error
            internalerror internal_error internal server_error api_error modelerrorexception
            conflictexception aborted data_loss cancelled""",
        Cause.TIMEOUT: """
            modeltimeoutexception requesttimeout requesttimeoutexception request_timeout
            deadline_exceeded timeout timeout_error""",
        Cause.STREAM_BROKEN: "modelstreamerrorexception",
        Cause.AUTHENTICATION: """
            unrecognizedclientexception unrecognizedclient expiredtokenexception expiredtoken
            invalidsignatureexception invalidsignature signaturedoesnotmatch
            incompletesignatureexception incompletesignature missingauthenticationtokenexception
            missingauthenticationtoken invalidclienttokenid invalidaccesskeyid authfailure
            requestexpired unauthorized invalid_api_key authentication_error unauthenticated
            invalid_grant invalidauthenticationtokentenant""",
        Cause.PERMISSION: """
            accessdeniedexception accessdenied notauthorizedexception optinrequired forbidden
            permission_denied permissiondenied permission_error insufficientpermissions""",
        Cause.MODEL_NOT_FOUND: """
            resourcenotfoundexception resourcenotfound deploymentnotfound model_not_found
            modelnotfound model_deprecated modeldeprecated not_found not_found_error
            ftuformnotfilled ftuformnotfilledexception operationnotsupported
            unknownoperationexception failed_precondition unimplemented""",
        Cause.CONTEXT_OVERFLOW: "context_length_exceeded context_window_exceeded",
        Cause.CONTENT_POLICY: """
            content_filter responsibleaipolicyviolation content_policy_violation
            moderation_blocked""",
        Cause.BAD_REQUEST: """
            validationexception validationerror invalid_request_error invalid_argument
            invalid_value invalid_type invalid_prompt out_of_range unsupported_parameter
            unsupported_value missing_required_parameter badrequest bad_request
            serializationexception unprocessableentity request_too_large payloadtoolarge""",
    }
)

#: An HTTP status → cause; the ranges of what is not here are in `cause_of_status`.
STATUSES: Mapping[int, Cause] = {
    401: Cause.AUTHENTICATION,
    402: Cause.QUOTA_EXHAUSTED,
    403: Cause.PERMISSION,
    404: Cause.MODEL_NOT_FOUND,
    405: Cause.MODEL_NOT_FOUND,
    407: Cause.CONNECTION,  # a proxy of ours
    408: Cause.TIMEOUT,
    409: Cause.SERVER,
    410: Cause.MODEL_NOT_FOUND,
    424: Cause.SERVER,
    425: Cause.OVERLOADED,
    429: Cause.THROTTLED,
    498: Cause.OVERLOADED,
    499: Cause.SERVER,
    503: Cause.OVERLOADED,
    504: Cause.TIMEOUT,
    522: Cause.TIMEOUT,
    524: Cause.TIMEOUT,
    529: Cause.OVERLOADED,
}


def cause_of_status(status: int) -> Cause:
    """The cause of an HTTP status: its row, or that of its range."""
    row = STATUSES.get(status)
    if row is not None:
        return row
    if 400 <= status < 500:
        return Cause.BAD_REQUEST
    if 200 <= status < 400:
        return Cause.INVALID_RESPONSE
    return Cause.SERVER


#: The package of a class (its module's first name) and the class's name → cause, looked up along
#: the MRO, so that no SDK is imported.
TYPES: Mapping[tuple[str, str], Cause] = {
    (package, name): cause
    for cause, packages in {
        Cause.TIMEOUT: {
            "builtins": "TimeoutError",
            "concurrent": "TimeoutError",
            "openai": "APITimeoutError",
            "anthropic": "APITimeoutError",
            "botocore": "ReadTimeoutError ConnectTimeoutError",
            "urllib3": "TimeoutError",
            "requests": "Timeout",
            "httpx": "TimeoutException",
            "httpx2": "TimeoutException",
            "httpcore": "TimeoutException",
            "httpcore2": "TimeoutException",
            "aiohttp": "ServerTimeoutError",
        },
        Cause.CONNECTION: {
            "builtins": "ConnectionError",
            "socket": "gaierror herror",
            "ssl": "SSLError",
            "openai": "APIConnectionError",
            "anthropic": "APIConnectionError",
            "botocore": "ConnectionError HTTPClientError",
            "urllib3": "HTTPError",
            "requests": "ConnectionError",
            "httpx": "TransportError",
            "httpx2": "TransportError",
            "httpcore": "NetworkError ProtocolError ProxyError",
            "httpcore2": "NetworkError ProtocolError ProxyError",
            "aiohttp": "ClientConnectionError ClientPayloadError ClientResponseError",
            "google": "TransportError",
            "azure": "ServiceRequestError ServiceResponseError",
            "anyio": "BrokenResourceError EndOfStream ClosedResourceError",
        },
        Cause.STREAM_BROKEN: {
            "openai": "APIError",  # an error in a stream: it has no status
            "anthropic": "APIError",
            "botocore": "EventStreamError ResponseStreamingError IncompleteReadError ParserError",
            "urllib3": "ProtocolError",
            "requests": "ChunkedEncodingError",
        },
        Cause.INVALID_RESPONSE: {
            "openai": "APIResponseValidationError LengthFinishReasonError",
            "anthropic": "APIResponseValidationError",
            "botocore": "ResponseParserError",
            "json": "JSONDecodeError",
            "simplejson": "JSONDecodeError",
            "builtins": "UnicodeDecodeError",
            "google": "UnknownApiResponseError ParseError DecodeError",
            "aiohttp": "ContentTypeError",
        },
        Cause.AUTHENTICATION: {
            "openai": "OpenAIError",  # bare: credentials missing at the time of the call
            "botocore": """NoCredentialsError PartialCredentialsError CredentialRetrievalError
                TokenRetrievalError SSOError NoAuthTokenError UnauthorizedSSOTokenError
                SSOTokenLoadError LoginError""",
            "google": "GoogleAuthError",
            "azure": "ClientAuthenticationError CredentialUnavailableError",
            "msal": "MsalError",
        },
        Cause.LOCAL_ENVIRONMENT: {
            "httpx": "PoolTimeout",
            "httpx2": "PoolTimeout",
            "httpcore": "PoolTimeout",
            "httpcore2": "PoolTimeout",
            "aiohttp": "ConnectionTimeoutError",
            "urllib3": "EmptyPoolError ClosedPoolError",
        },
        Cause.BAD_REQUEST: {
            "botocore": "ParamValidationError",
            "builtins": "UnicodeEncodeError",
        },
        Cause.CONTENT_POLICY: {
            "openai": "ContentFilterFinishReasonError",
            "langchain_openai": "OpenAIRefusalError",
        },
        Cause.UNKNOWN: {"builtins": "MemoryError RecursionError"},
    }.items()
    for package, names in packages.items()
    for name in names.split()
}

#: LangChain's own classes, by name; the last resort, since a provider's code says more.
LANGCHAIN_TYPES: Mapping[str, Cause] = {
    "ContextOverflowError": Cause.CONTEXT_OVERFLOW,
    "ModelRateLimitError": Cause.THROTTLED,
    "ModelTimeoutError": Cause.TIMEOUT,
    "ModelConnectionError": Cause.CONNECTION,
    "ModelAuthenticationError": Cause.AUTHENTICATION,
    "ModelPermissionDeniedError": Cause.PERMISSION,
    "ModelNotFoundError": Cause.MODEL_NOT_FOUND,
    "ModelInvalidRequestError": Cause.BAD_REQUEST,
    "ModelAPIError": Cause.SERVER,
    "OutputParserException": Cause.INVALID_RESPONSE,
}

#: What a cause becomes where the provider's message has these words (lower case): a code or status
#: alone does not tell them apart.
REFINEMENTS: Mapping[Cause, Mapping[str, Cause]] = {
    Cause.BAD_REQUEST: _by_phrase(
        {
            Cause.CONTEXT_OVERFLOW: (
                "input is too long",
                "prompt is too long",
                "input tokens exceeded",
                "maximum context length",
                "context_length_exceeded",
                "exceeds the context window",
                "contextwindowexceedederror",
                "input tokens exceed the configured limit",
                "exceed model maximum",
                "too many input tokens",
                "is longer than the model's context length",
                "exceeds the maximum number of tokens allowed",
            ),
            Cause.MODEL_NOT_FOUND: (
                "on-demand throughput isn",
                "provided model identifier is invalid",
            ),
            Cause.AUTHENTICATION: ("api key not valid", "api key expired"),  # Google: 400
        }
    ),
    Cause.THROTTLED: _by_phrase({Cause.QUOTA_EXHAUSTED: ("per day", "perday")}),
}

#: Python's own exceptions, whose message is all there is: type → words in it → cause.
REMARKS: Mapping[type[Exception], Mapping[str, Cause]] = {
    RuntimeError: _by_phrase(
        {
            Cause.LOCAL_ENVIRONMENT: (
                "event loop is closed",
                "attached to a different loop",
                "bound to a different event loop",
                "client has been closed",
                "session is closed",
                "can't start new thread",
                "cannot schedule new futures",
            )
        }
    ),
    ValueError: _by_phrase(
        {
            # AzureChatOpenAI, where an answer (200) was blocked
            Cause.CONTENT_POLICY: ("due to a content filter being triggered",),
            # langchain-core, where a stream had no chunk
            Cause.INVALID_RESPONSE: ("no generation chunks were returned",),
            # ChatVertexAI over REST
            Cause.STREAM_BROKEN: ("unfinished stream",),
            # google-genai, for several texts to a model that takes one at a time
            Cause.BAD_REQUEST: ("only supports one content at a time",),
            # ChatBedrockConverse, for a missing IAM right
            Cause.PERMISSION: ("system tools require 'bedrock:invoketool'",),
        }
    ),
    ConnectionError: _by_phrase(
        {Cause.STREAM_BROKEN: ("incomplete bedrock response stream",)},  # ChatBedrockConverse
    ),
    OSError: _by_phrase(
        {
            Cause.LOCAL_ENVIRONMENT: ("too many open files",),
            Cause.TIMEOUT: ("read timed out",),  # requests' ConnectionError in a stream
        }
    ),
}
