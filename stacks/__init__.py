"""Stacks: each turns one validated environment into props, and wires constructs."""
