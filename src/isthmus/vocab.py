"""
Closed vocabularies of the data package, each word with its definition.

A word outside its vocabulary is an input error; `docs/glossary.md` prints these definitions.
"""

from typing import Final

__all__ = [
    "ARC_KINDS",
    "FREIGHT_MODES",
    "LAND_MODES",
    "LINK_STATUS",
    "MEMBER_ROLES",
    "MODES",
    "OPEN_STATUS",
    "PARTY_ROLES",
    "PIPE_MODES",
    "REGIMES",
    "SCENARIO_STATUS",
    "TRANSFER_METHODS",
    "WATER_MODES",
]

MODES: Final = {
    "rail": "wagons on rails of one gauge",
    "road": "lorries",
    "sea": "ships between ports, containers or bulk",
    "ferry": "lorries on a ship",
    "rail_ferry": "railway wagons on a ship",
    "inland_water": "river and river-sea ships",
    "oil_pipeline": "crude oil in a pipe",
    "gas_pipeline": "natural gas in a pipe",
}
LAND_MODES: Final = ("rail", "road")
WATER_MODES: Final = ("sea", "ferry", "rail_ferry", "inland_water")
PIPE_MODES: Final = ("oil_pipeline", "gas_pipeline")
FREIGHT_MODES: Final = (*LAND_MODES, *WATER_MODES)
"""What freight moves by: all modes but pipes."""

LINK_STATUS: Final = {
    "open": "freight passes",
    "limited": "freight passes under restrictions or at higher risk",
    "closed": "built, but shut to freight",
    "under_construction": "works have begun",
    "planned": "announced or agreed, no works",
    "destroyed": "was built, no longer passable",
}
OPEN_STATUS: Final = ("open", "limited")

REGIMES: Final = {
    "closed": "no freight passes",
    "normal": "national border formalities on both sides",
    "customs_union": "no customs duty or declaration between members; checks remain",
    "facilitated": "single window, joint or shared control, green lanes",
    "sealed_transit": "transit under seal without inspection, the owner of the territory keeps control",
    "unimpeded": "hypothetical: no checks at all",
    "tir": "sealed lorries under an international guarantee pass without inspection",
    "cim_smgs": "one consignment note under both laws of carriage by rail",
    "aid_only": "a border otherwise shut lets humanitarian goods pass",
    "montreux": "merchant ships of every flag pass the Turkish Straits freely",
    "transit_passage": "ships of every flag pass a strait without hindrance",
    "canal_passage": "ships of every flag pass a canal against dues",
    "internal_waters": "ships of other flags pass by permission of the state",
}

MEMBER_ROLES: Final = {
    "member": "full member",
    "party": "bound by the treaty",
    "signatory": "has signed; whether it is bound is not known, or it is not",
    "ratified": "has ratified a treaty that is not in force",
    "acceding": "on the way in: approved or negotiating",
    "candidate": "recognised as a candidate or aspirant",
    "associate": "associate member",
    "observer": "observer",
    "partner": "partner without membership",
    "dialogue_partner": "partner in dialogue, by sector or in general",
    "agreement_partner": "bound to the organisation by an agreement, no member",
    "participant": "takes part in a programme, platform or association",
    "invited": "invited, does not take part",
    "guest": "guest at summits",
    "inactive": "takes no part in practice",
    "frozen": "member that froze its part",
    "suspended": "member whose membership is suspended",
    "conflict_party": "party to the conflict that the body deals with",
    "co_chair": "co-chair",
    "group_member": "member of the group around the co-chairs",
    "none": "no tie, as far as the source says",
}

PARTY_ROLES: Final = {
    "signatory": "signed it",
    "acceded": "joined later",
    "acceding": "on the way in: approved, not yet bound",
    "initialled": "initialled the text, not signed",
    "negotiating": "negotiates a draft",
    "declarant": "set it by an act of its own",
    "proponent": "put it forward alone",
    "subject": "whose territory, citizens or trade it is about",
    "guarantor": "guarantees it or led the talks",
    "witness": "signed as witness",
}

SCENARIO_STATUS: Final = {
    "in force": "holds on the base date",
    "agreed": "signed by those whose consent it needs, not yet in force",
    "proposed": "put forward by a party",
    "claimed": "a state of things that somebody says is so",
    "what-if": "a question of the modeller",
}

TRANSFER_METHODS: Final = {
    "transshipment": "goods or containers are lifted from one vehicle to another",
    "wagon_change": "bogies or wheelsets of the wagon are exchanged",
    "roll_on": "the vehicle itself rolls on board or off",
    "wheelset_variable": "wheelsets change gauge while rolling",
}

ARC_KINDS: Final = {
    "access": "from the zone to a place by road",
    "load": "onto the first vehicle",
    "move": "along a link",
    "cross": "over a border",
    "transfer": "to another mode or gauge",
    "unload": "off the last vehicle",
    "egress": "from a place to the zone by road",
}
