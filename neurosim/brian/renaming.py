"""Names of a plan that do not count how many objects a script has made before.

Brian2 numbers objects without a name of their own: a script that makes its network anew in a loop has a
`neurongroup`, then a `neurongroup_1`. Random numbers depend on names, and so does compiled code. So a plan
runs under names whose numbers count within the network alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neurosim.network.program import Step
from neurosim.plan.plan import AnyPathway, Link, Plan, Textual

NUMBER = re.compile(r"_(\d+)(?=[_.]|$)")


class Renaming:
    """The names of groups, pathways and probes of a plan, and those under which it runs."""

    def __init__(self, plan: Plan):
        self.new = _numbered([*plan.groups, *plan.pathways, *(probe.name for probe in plan.probes)])
        self.old = {new: old for old, new in self.new.items()}
        self._made: dict[int, tuple[Mapping[str, Link], Mapping[str, Link]]] = {}

    def plan(self, plan: Plan) -> Plan:
        """The plan under its new names."""
        new = self.new
        groups = {
            new[name]: replace(
                group, name=new[name], links=self._links(group.links), of=new[group.of] if group.of else ""
            )
            for name, group in plan.groups.items()
        }
        pathways = {new[name]: self._pathway(pathway) for name, pathway in plan.pathways.items()}
        probes = tuple(replace(probe, name=new[probe.name], owner=new[probe.owner]) for probe in plan.probes)
        return replace(
            plan,
            groups=groups,
            pathways=pathways,
            probes=probes,
            program=tuple(self._step(step) for step in plan.program),
            drives={new[name]: drive for name, drive in plan.drives.items()},
            resume=_with_names(plan.resume, new),
        )

    def _pathway(self, pathway: AnyPathway) -> AnyPathway:
        new = self.new
        new = self.new
        named = replace(pathway, name=new[pathway.name], pre=new[pathway.pre], post=new[pathway.post])
        if not isinstance(named, Textual):
            return named
        text = replace(named.text, links=self._links(named.text.links))
        return replace(named, text=text, of=new[named.of] if named.of else "")

    def _links(self, links: Mapping[str, Link]) -> Mapping[str, Link]:
        """Links under the new names; those that several pathways share stay one mapping."""
        if id(links) not in self._made:
            made = {name: replace(link, owner=self.new[link.owner]) for name, link in links.items()}
            self._made[id(links)] = links, made
        return self._made[id(links)][1]

    def _step(self, step: Step) -> Step:
        def names(given: Iterable[str]) -> tuple[str, ...]:
            return tuple(self.new[name] for name in given)

        return replace(
            step,
            populations=names(step.populations),
            pathways=None if step.pathways is None else names(step.pathways),
            probes=None if step.probes is None else names(step.probes),
        )

    def back(self, by_name: Mapping[str, Any]) -> dict[str, Any]:
        """What a run gives by the new names of probes, by the old ones."""
        return {self.old[name]: value for name, value in by_name.items()}

    def checkpoint_back(self, final: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A checkpoint under the old names."""
        return _with_names(final, self.old)


def _with_names(arrays: Mapping[str, np.ndarray], names: Mapping[str, str]) -> dict[str, np.ndarray]:
    """A checkpoint under other names of groups and pathways."""
    found: dict[str, np.ndarray] = {}
    for key, value in arrays.items():
        kind, _, rest = key.partition("/")
        name, slash, more = rest.partition("/")
        found[f"{kind}/{names.get(name, name)}{slash}{more}" if rest else key] = value
    return found


def _numbered(names: Iterable[str]) -> dict[str, str]:
    """For each name, one whose number counts those that are alike."""
    alike: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    for name in dict.fromkeys(names):
        numbers = tuple(int(number) for number in NUMBER.findall(name))
        alike.setdefault(NUMBER.sub("", name), []).append((numbers, name))
    new: dict[str, str] = {}
    taken: set[str] = set()
    for stem, members in alike.items():
        for count, (_, name) in enumerate(sorted(members)):
            chosen = stem if not count else f"{stem}_{count}"
            while chosen in taken:
                chosen += "_"
            taken.add(chosen)
            new[name] = chosen
    return new
