"""What prompt-cache affinity saves: USD for the same conversations under several strategies.

    python -m tests.benchmarks.affinity [--conversations 300] [--seeds 3]

Multi-turn conversations in virtual time (`conversations`), with the maintained prices of one day.
"warm" is the share of the calls after a conversation's first that found a part of their prompt in
the provider's cache.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from langchain_multirouter.deployment import Deployment
from tests.benchmarks.conversations import Outcome, Traffic, converse, traffic


def _at(provider: str, model: str, name: str = "", **settings: Any) -> Deployment:
    return Deployment(
        f"x:{model}", name=name or model, provider=provider, model_name=model, **settings
    )


FLEETS: dict[str, list[Deployment]] = {
    "one model in three regions": [
        _at("azure_openai", "gpt-6.1-terra", region) for region in ("eu", "us", "asia")
    ],
    "the catalogue's balanced tier": [
        _at("aws_bedrock", "global.anthropic.claude-sonnet-5-5"),
        _at("azure_openai", "gpt-6.1-terra"),
        _at("azure_openai", "gpt-6.1-sol"),
        _at("gcp_vertex", "gemini-3.8-flash"),
    ],
    "a cheaper model without a cache": [
        _at("hosted", "open-model", price={"input": 0.7, "output": 3.5}),
        _at("gcp_vertex", "gemini-3.8-flash"),
        _at("azure_openai", "gpt-6.1-terra"),
    ],
}
AFFINITY = "cost_optimized"
WITHOUT = "cost_optimized, no affinity"
TURNS = "round_robin"
SESSIONS = "round_robin, sessions"


def strategies(fleet: list[Deployment]) -> dict[str, tuple[list[Deployment], dict[str, Any]]]:
    """Name → deployments in their order, and options."""
    off = {"prompt_cache_affinity": False}
    always = {
        f"always {one.name}": ([one, *(o for o in fleet if o is not one)], {"strategy": "ordered"})
        for one in fleet
    }
    return {
        AFFINITY: (fleet, {"strategy": "cost_optimized"}),
        WITHOUT: (fleet, {"strategy": "cost_optimized", **off}),
        "intelligent": (fleet, {"strategy": "intelligent"}),
        "intelligent, no affinity": (fleet, {"strategy": "intelligent", **off}),
        SESSIONS: (fleet, {"strategy": "round_robin", "keyed": True}),
        TURNS: (fleet, {"strategy": "round_robin"}),
        **always,
    }


def measured(
    fleet: list[Deployment], worlds: Iterable[Traffic], only: Iterable[str] = ()
) -> dict[str, Outcome]:
    """Strategy → what it made of all of these, added up or averaged."""
    found = {}
    worlds = list(worlds)
    for name, (deployments, options) in strategies(fleet).items():
        if only and not name.startswith(tuple(only)):
            continue
        outcomes = [converse(deployments, world, **options) for world in worlds]
        sums = [sum(values) for values in zip(*outcomes, strict=True)]
        count = len(outcomes)
        found[name] = Outcome(sums[0], sums[1] / count, sums[2] / count, int(sums[3]))
    return found


def worlds(fleet: list[Deployment], conversations: int, seeds: int) -> list[Traffic]:
    """The traffic of so many seeds."""
    names = [one.name for one in fleet]
    return [traffic(names, conversations=conversations, seed=seed) for seed in range(seeds)]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for title, fleet in FLEETS.items():
        found = measured(fleet, worlds(fleet, given.conversations, given.seeds))
        print(f"\n{title}\n{'':44}{'USD':>9}{'':>9}{'warm':>8}{'cached':>8}{'moves':>8}")
        least = found[AFFINITY].usd
        for name, (usd, warm, cached, moves) in sorted(found.items(), key=lambda f: f[1].usd):
            share = f"{usd / least:.2f} x"
            print(f"{name:44}{usd:9.3f}{share:>9}{warm:8.0%}{cached:8.0%}{moves:8}")


if __name__ == "__main__":
    main()
