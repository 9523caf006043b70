"""A loopback server that speaks three clouds' wires, keeps their rules and fails on command."""

from langchain_multirouter.emulator.cloud import Emulator
from langchain_multirouter.emulator.faults import Fault, FaultKind
from langchain_multirouter.emulator.log import WireEntry
from langchain_multirouter.emulator.weather import FaultInForce

__all__ = ["Emulator", "Fault", "FaultInForce", "FaultKind", "WireEntry"]
