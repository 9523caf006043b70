"""The specification of the router part: a test for every row of the reference's page.

    §1, §2  test_providers_and_tasks
    §3      test_strategies  test_intelligent  test_draws_and_turns  test_strategy_laws  test_order
    §4      test_one_request  test_constraints
    §5      test_statistics  test_no_text_is_kept  test_costs_on_the_wire  test_prices_change
    §6      test_health  test_health_on_the_wire  test_health_interval
    §7      test_analytics  test_analytics_recommendations
    §8      test_recommend
    §9      test_logs  test_explain
    §10     in the tests of the sections it corrects; test_work_bound

Row by row: test_map.
"""
