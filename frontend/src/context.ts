/** What every panel is given. */
import type { MapView } from "./map/view";
import type { Store } from "./state";
import type { Answer, Crossing, Detail, Link, Node, Order, Territory, World } from "./types";

export interface Index {
  links: Map<string, Link>;
  nodes: Map<string, Node>;
  crossings: Map<string, Crossing>;
  crossingsAt: Map<string, Crossing[]>;
  territories: Map<string, Territory>;
  orders: Map<string, Order>;
}

export interface Solved {
  /** Answer of the order shown; null while it is being solved. */
  first: Answer | null;
  /** Answer of the order it is compared with. */
  second: Answer | null;
  /** Tables of the first, which come after it. */
  detail: Detail | null;
  solving: boolean;
  fault: string;
}

export interface Context {
  world: World;
  index: Index;
  store: Store;
  view: MapView;
  solved: Solved;
  /** Day of the network shown. */
  day(): string;
}

export function indexOf(world: World): Index {
  const crossingsAt = new Map<string, Crossing[]>();
  for (const c of world.crossings) crossingsAt.set(c.node, [...(crossingsAt.get(c.node) ?? []), c]);
  return {
    links: new Map(world.links.map((x) => [x.id, x])),
    nodes: new Map(world.nodes.map((x) => [x.id, x])),
    crossings: new Map(world.crossings.map((x) => [x.id, x])),
    crossingsAt,
    territories: new Map(world.territories.map((x) => [x.id, x])),
    orders: new Map(world.orders.map((x) => [x.id, x])),
  };
}
