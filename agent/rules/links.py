"""Links between systems: which parts are the two ends of one, and which lead to the voicemail. Pure.

Two systems of a site may both tell of the link between them, each by a name of its own: an `integration` of
one kind whose other end (`to`) is the other system. That is one component with two sources (I1). Where a
system tells of several such links to the other, nobody can say which end belongs to which: they stay apart.

A link's failure bears the name of one end: the one that an open ticket has, or else a failure that waits out
its hold; else that of the system that is no phone system. So it keeps its name, whichever end is heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from agent.authority import Word, ails
from agent.failures import Key
from agent.rules.scene import Scene
from agent.site import System
from collectors.base import Observation, Role

_ROLE: Role = "integration"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link: the system that tells of it, and what is believed of its word.

    `fresh`: the last reading by that protocol told of it; a list of what is up only may have it no more.
    """

    system: System
    word: Word
    fresh: bool

    @property
    def key(self) -> Key:
        """The failure that is named by this end."""
        return Key(self.system.name, _ROLE, self.word.observation.component)

    @property
    def heard(self) -> bool:
        """Whether this end is freshly told, and could be read."""
        return self.fresh and self._is_read

    @property
    def fails(self) -> bool:
        """Whether this end says, or said last, that the link is not as it should be."""
        return self._is_read and ails(self.word.observation)

    @property
    def _is_read(self) -> bool:
        observation = self.word.observation
        return not (self.word.dark or observation.unread or observation.lost is None)


@dataclass(frozen=True, slots=True)
class Link:
    """A link by all of its ends that anybody told of. `key`: its failure."""

    key: Key
    ends: tuple[End, ...]


def link_of(scene: Scene, system: System, word: Word) -> Link:
    """The link that one end of is told by this word."""
    mine = _end(scene, system, word)
    there = _far_ends(scene, system, word.observation)
    alone = len(there) != 1 or len(_near_ends(scene, system, word.observation)) != 1
    ends = (mine,) if alone else (mine, there[0])
    return Link(_key(scene, ends), ends)


def ends_of(scene: Scene, key: Key) -> tuple[End, ...]:
    """All ends of the link whose failure that key is, as far as they are known; none: it has no other."""
    if key.role != _ROLE or key.component is None:
        return ()
    standing = scene.history.standing.get(key)
    named = {(each.system, each.component) for each in (standing.ruling.evidence if standing else ())}
    found: dict[Key, End] = {}
    for name, component in sorted({(key.system or "", key.component), *named}):
        for word in scene.every_word(name, _ROLE):
            if word.observation.component == component:
                link = link_of(scene, scene.site.system(name), word)
                found |= {end.key: end for end in link.ends}
    return tuple(found.values()) if found.keys() - {key} else ()


def other_end(scene: Scene, system: System, observation: Observation) -> Key | None:
    """The failure of the one part that the far system tells of this link, where the two stay apart."""
    there = _far_ends(scene, system, observation)
    if len(there) != 1 or (observation.role == _ROLE and len(_near_ends(scene, system, observation)) == 1):
        return None
    return there[0].key


def carrier(scene: Scene, system: System, observation: Observation) -> Key | None:
    """The failure of the link to an AE Services server over which a CTI link runs, if it is lost whole."""
    far = scene.far_end(system, observation) if observation.kind == "cti" else None
    if far is None:
        return None
    for end in (*_told(scene, system, "aes", far), *_told(scene, far, "aes", system)):
        link = link_of(scene, end.system, end.word)
        if any(_is_lost(each.word) for each in link.ends):
            return link.key
    return None


def voicemail_links(scene: Scene, tellers: tuple[System, ...]) -> Iterator[tuple[System, Word]]:
    """What these systems tell of the links to the voicemail, trunk groups that lead there among them (O6)."""
    for system in tellers:
        for word in chain(scene.words(system.name, _ROLE), scene.dark(system.name, _ROLE)):
            if word.observation.kind == "voicemail":
                yield system, word
    for whole in scene.phone_systems:
        if any(group.to for system in whole.systems for group in system.trunk_groups):
            for told in scene.told(whole, "trunks"):
                far = scene.far_end(told.system, told.word.observation)
                leads_there = far is not None and scene.watches[far.name].function == "voicemail"
                if leads_there and told.system in tellers:
                    yield told.system, told.word


def _is_lost(word: Word) -> bool:
    """Whether the whole link is lost, by that word."""
    observation = word.observation
    if word.dark or observation.lost is None or observation.total is None:
        return False
    return 0 < observation.total <= observation.lost


def _far_ends(scene: Scene, system: System, observation: Observation) -> list[End]:
    far = scene.far_end(system, observation)
    kind = _kind(scene, observation, far)
    if far is None or far is system or kind is None:
        return []
    return _told(scene, far, kind, system)


def _near_ends(scene: Scene, system: System, observation: Observation) -> list[End]:
    far = scene.far_end(system, observation)
    return [] if far is None or observation.kind is None else _told(scene, system, observation.kind, far)


def _kind(scene: Scene, observation: Observation, far: System | None) -> str | None:
    """What kind of link it is; a trunk group is one by where it leads."""
    if observation.role != "trunks":
        return observation.kind
    leads_to_mail = far is not None and scene.watches[far.name].function == "voicemail"
    return "voicemail" if leads_to_mail else None


def _end(scene: Scene, system: System, word: Word) -> End:
    access = scene.picture.of(system.name).accesses.get(word.protocol)
    return End(system, word, access is None or access.at == word.at)


def _told(scene: Scene, system: System, kind: str, far: System) -> list[End]:
    """What a system tells of its links of that kind to the other one."""
    return [
        _end(scene, system, word)
        for word in scene.every_word(system.name, _ROLE)
        if word.observation.kind == kind and scene.called(word.observation.to) is far
    ]


def _key(scene: Scene, ends: tuple[End, ...]) -> Key:
    """By which end the failure is named. What is told already keeps its name, be that end heard or not."""

    def place(end: End) -> tuple[bool, str]:
        return scene.is_phone_system(end.system), end.system.name

    keys = [end.key for end in sorted(ends, key=place)]
    standing = scene.history.standing
    told = next((key for key in keys if key in standing), None) or next(
        (
            key
            for key, each in standing.items()
            if key.role == _ROLE
            and key.system in scene.watches
            and any(
                Key(seen.system, _ROLE, seen.component) in keys
                for seen in each.ruling.evidence
                if seen.role == _ROLE
            )
        ),
        None,
    )
    return told or next((key for key in keys if key in scene.began), keys[0])
