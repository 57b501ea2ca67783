/** The picture of a product: its own, or one that is drawn from its id and its category. */

import { levelsOf, type Product } from "../state/products.js";
import { silhouetteOf } from "./silhouettes.js";

/** FNV-1a, 32 bits: the same id always has the same picture. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash >>> 0;
};

/** A path of the shop's own origin: the security policy loads no other. */
const OWN = /^\/(?![/\\\s])/;

export const Picture = ({ product }: { product: Product }) => {
  const { item_id, category, picture } = product;
  if (picture && OWN.test(picture)) return <img class="picture" src={picture} alt="" loading="lazy" />;
  const levels = levelsOf(category);
  const hash = hashOf(item_id);
  const hue = (hashOf(levels[1] ?? levels[0] ?? "") + (hash % 40)) % 360;
  const [x, y, radius, angle] = [30 + (hash % 100), 25 + ((hash >>> 7) % 70), 28 + ((hash >>> 5) % 22), (hash % 21) - 10];
  return (
    <svg class="picture" viewBox="0 0 160 120" aria-hidden="true" style={{ "--hue": hue }}>
      <circle class="picture-light" cx={x} cy={y} r={radius} />
      <ellipse class="picture-shade" cx="80" cy="103" rx="36" ry="5" />
      <g transform={`translate(80 58) rotate(${angle / 2}) scale(1.75) translate(-24 -24)`}>
        <path class="picture-lines" d={silhouetteOf(levels)} />
      </g>
    </svg>
  );
};
