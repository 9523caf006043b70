"""The map of the reference: each of its rows, and the tests that hold it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

#: Row → "file: words of a test's name"; a name is found by its beginning.
ROWS: dict[str, tuple[str, ...]] = {
    "§1 three providers behind one interface": (
        "providers_and_tasks: each_provider_is_reached_through",
    ),
    "§1 a deployment is chosen and measured": ("providers_and_tasks: a_deployment_is_one_model",),
    "§2 seven task types": ("providers_and_tasks: there_are_the_references_seven",),
    "§2 classified where none is named": ("providers_and_tasks: a_prompt_is_classified",),
    "§2 fault: substrings and order": ("providers_and_tasks: substrings_and_the_references_order",),
    "§2 fault: English only": ("providers_and_tasks: other_languages",),
    "§2 fault: real multimodal input": ("providers_and_tasks: real_multimodal_input",),
    "§3 selectable per router and per call": ("strategies: every_strategy_is_selectable",),
    "§3 round_robin": ("draws_and_turns: round_robin_rotates",),
    "§3 performance_based": (
        "strategies: performance_based_is_the_average",
        "strategies: performance_based_is_ascending",
        "constraints: max_response_time_filters",
    ),
    "§3 cost_optimized": (
        "strategies: cost_optimized_is_this_requests_cost",
        "constraints: max_cost_is_what_this_request",
    ),
    "§3 availability_based": ("strategies: availability_based_is_success_and_health",),
    "§3 model_specific": ("strategies: model_specific_is_the_tasks_list",),
    "§3 weighted_random": ("draws_and_turns: weighted_random_draws_by_weight",),
    "§3 intelligent": ("intelligent: the_score_is_four_tenths",),
    "§3 fault: one candidate cannot fall back": (
        "strategies: every_strategy_gives_the_full_order",
        "draws_and_turns: round_robin_and_weighted_random_fall_back",
    ),
    "§3 fault: an unlisted provider's rank": (
        "intelligent: the_task_part_of_one_that_is_not_listed",
        "intelligent: every_part_stays_in_zero_to_one",
    ),
    "§3 fault: never-tried deployments": (
        "strategies: performance_based_takes_unknown_times",
        "intelligent: an_unknown_time_scores",
        "intelligent: only_every_tenth_call",
    ),
    "§3 fault: the mean price of all models": (
        "strategies: cost_optimized_is_this_requests_cost",
        "intelligent: the_cost_part_is_about_this_requests_own_mix",
    ),
    "§3 fault: health looked at by some strategies only": ("strategies: no_strategy_puts_one",),
    "§3 fault: an empty list is a hidden default": (
        "constraints: an_empty_list_of_candidates",
        "order: an_order_without_anybody",
    ),
    "§3 task preferences": ("strategies: a_tasks_default_list_is_the_references",),
    "§3 capabilities, strengths": (
        "strategies: default_strengths_are_the_references",
        "providers_and_tasks: capabilities_come_from_maintained_data",
    ),
    "§3 prices": (
        "costs_on_the_wire: the_cost_of_a_call_is_that_of_genai_prices",
        "costs_on_the_wire: a_price_of_the_users_own_holds",
    ),
    "§3 weight 1.0, settable": ("draws_and_turns: a_weight_is_one_by_default",),
    "§4 per-call options": ("one_request: a_calls_options_have_the_references_defaults",),
    "§4.1 classify": ("providers_and_tasks: a_prompt_is_classified",),
    "§4.2 a preferred provider": (
        "order: a_preferred_provider_that_is_healthy_goes_first",
        "order: a_preferred_provider_that_fails",
        "order: without_fallback_the_preferred_provider_alone",
    ),
    "§4.3 order under the constraints": (
        "strategy_laws: constraints_are_kept",
        "strategy_laws: nobody_is_lost_or_doubled",
    ),
    "§4.4 retries and their waits": (
        "one_request: a_retry_waits_half_a_second",
        "one_request: max_retries_caps",
    ),
    "§4.5 what the answer carries": ("one_request: an_answer_carries_the_truth",),
    "§4.6 one error with every cause": ("one_request: if_all_fail_one_error",),
    "§4 fault: every error is retried": ("one_request: the_verdict_on_an_error",),
    "§4 fault: only the last failure is counted": ("one_request: every_failure_is_counted",),
    "§4 fault: fallback_enabled for preferred alone": ("order: without_fallback_and_preference",),
    "§4 fault: no metadata of the preferred": ("one_request: an_answer_carries_the_truth",),
    "§4 fault: model_preference sent to all": (
        "one_request: model_preference_is_not_sent_to_those",
    ),
    "§4 fault: no deadline": ("one_request: a_deadline_ends_the_call",),
    "§4 fault: Retry-After": ("one_request: retry_after_is_read",),
    "§4 fault: nothing streams": ("statistics: the_tokens_are_those_of_the_wire",),
    "§5 counts": ("statistics: started_is_the_sum",),
    "§5 success rate, 1.0 before any": ("statistics: before_any_request_the_success_rate_is_one",),
    "§5 average 0.9/0.1": ("statistics: the_average_is_nine_tenths_old",),
    "§5 100 times, p95": (
        "statistics: the_last_hundred_response_times",
        "statistics: the_95th_percentile_is_the_nearest_rank",
    ),
    "§5 10 errors": ("statistics: ten_errors_are_kept", "no_text_is_kept: a_providers_error_text"),
    "§5 last health check": ("health: before_any_check_there_is_no_last_one",),
    "§5 cost per token": ("statistics: cost_per_token_is_the_price_of_the_mix",),
    "§6 checked when due": ("health_interval: where_it_is_switched_on",),
    "§6 in parallel": (
        "health: all_are_checked_in_parallel",
        "health_on_the_wire: all_are_under_way",
    ),
    "§6 a failed check or an error marks": (
        "health: a_failing_check_marks_unhealthy",
        "health: traffic_tells_the_rest",
    ),
    "§7 per deployment": ("analytics: a_deployments_key_has_its_value",),
    "§7 overall": ("analytics: overall_counts_calls_and_attempts",),
    "§7 recommendations": ("analytics_recommendations: recommendations_come_from_data",),
    "§7 fault: fastest was never called": (
        "analytics_recommendations: where_nothing_is_known",
        "analytics_recommendations: recommendations_come_from_data",
    ),
    "§7 fault: hard-coded names": ("analytics_recommendations: the_others_come_from_settable",),
    "§8 task fit": ("recommend: task_fit_is_ten_less_two",),
    "§8 speed priority": ("recommend: speed_priority_adds",),
    "§8 reliability priority": ("recommend: reliability_priority_adds",),
    "§8 budget": ("recommend: a_budget_adds_five", "recommend: without_a_budget_cheapness"),
    "§8 reasons in words": ("recommend: reasons_are_in_words",),
    "§8 the answer": (
        "recommend: the_top_three_healthy_ones",
        "recommend: a_recommendation_has_score_reasons_stats",
        "recommend: the_answer_names_the_task_and_the_requirements",
        "recommend: the_prompts_analysis_has_its_length",
    ),
    "§9 structured logs": ("logs: one_record_for_the_decision", "explain: a_score_is_the_sum"),
    "§10 ordered; levels before score": (
        "strategies: ordered_is_the_callers_order",
        "order: levels_come_before_any_score",
    ),
    "§10 the same model before others": (
        "order: after_a_failure_the_same_model_elsewhere",
        "order: ordered_keeps_its_order",
        "order: no_model_change_ends",
    ),
    "§10 intelligent: task /1.1": ("intelligent: the_task_part_of_a_listed_one",),
    "§10 intelligent: this request's mix": ("intelligent: the_cost_part_is_about_this_requests",),
    "§10 intelligent: time by the median": ("intelligent: time_is_relative_to_the_fleets_median",),
    "§10 success over a decayed window": (
        "strategies: success_counts_over_the_decayed_window",
        "statistics: the_lifetime_rate_is_shown",
    ),
    "§10 unknown is the median; exploration bounded": (
        "intelligent: an_unknown_price_scores",
        "intelligent: over_the_calls_of_a_router",
    ),
    "§10 model_specific: list then rest; settable": (
        "strategies: preferences_are_settable_by_deployment",
    ),
    "§10 a chat prompt about embeddings": ("providers_and_tasks: a_prompt_about_embeddings",),
    "§10 max_cost, unknown price": ("constraints: under_max_cost_an_unknown_price",),
    "§10 max_response_time is no timeout": ("constraints: max_response_time_is_no_time_limit",),
    "§10 tags, capabilities": (
        "constraints: required_tags_are_never_broken",
        "constraints: an_image_does_not_go",
    ),
    "§10 filters win over preferred_provider": ("constraints: filters_win",),
    "§10 model_preference": (
        "constraints: a_model_preference_is_a_filter",
        "constraints: a_model_preference_that_nobody_has",
    ),
    "§10 preferred out without fallback": (
        "order: a_preferred_provider_that_is_out_without_fallback",
        "order: a_preferred_provider_that_is_filtered_without_fallback",
    ),
    "§10 retries: whether, and numbers": (
        "one_request: again_means_one_quick_retry",
        "one_request: a_call_makes_twice_as_many",
        "one_request: max_attempts_caps",
    ),
    "§10 the caller's own mistake": (
        "one_request: a_callers_mistake_is_langchains",
        "one_request: a_callers_mistake_is_raised_after_one_attempt",
    ),
    "§10 calls and attempts; windows; by provider": (
        "analytics: nearly_all_calls_can_succeed",
        "statistics: five_errors_are_shown",
        "analytics: a_providers_key_rolls",
    ),
    "§10 health checks when asked for": ("health_interval: the_interval_is_off_by_default",),
    "§10 recommend says what the router would choose": (
        "recommend: where_they_agree",
        "recommend: where_a_level_decides",
        "recommend: what_the_router_would_choose",
    ),
    "§10 best_for_… from settable strengths": (
        "analytics_recommendations: the_others_come_from_settable",
    ),
    "§10 names and enums": (
        "analytics: a_deployments_key_has_its_value",
        "providers_and_tasks: one_table_of_aliases",
        "providers_and_tasks: providers_and_task_types_are_string_enums",
    ),
}


def names_in(file: str) -> list[str]:
    """The names of a file's tests."""
    tree = ast.parse((Path(__file__).parent / f"test_{file}.py").read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_reference_has_its_tests(row: str) -> None:
    for place in ROWS[row]:
        file, _, name = place.partition(": ")
        found = [test for test in names_in(file) if test.startswith(f"test_{name}")]
        assert len(found) == 1, f"{place}: {found}"


def test_every_file_says_which_section_it_holds() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert "§" in docstring or path.name == "test_map.py", path.name
