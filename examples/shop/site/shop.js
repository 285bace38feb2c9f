// A shop without a server: pages are drawn from a list of products, the cart lives in this tab.
"use strict";

const PRODUCTS = [
  { id: "p-1", name: "Fern in a pot", price: 14.9, picture: "fern", tint: "#4c9a6a", words: "Likes shade, forgives a week without water." },
  { id: "p-2", name: "Cactus", price: 7.5, picture: "cactus", tint: "#7ea04d", words: "Wants sun and to be left alone." },
  { id: "p-3", name: "Sunflower seeds", price: 3.2, picture: "sunflower", tint: "#d9a521", words: "Forty seeds, two metres of summer." },
  { id: "p-4", name: "Olive tree", price: 39, picture: "olive", tint: "#80894b", words: "Three years old, in a clay pot." },
  { id: "p-5", name: "Tulip bulbs", price: 9.9, picture: "tulip", tint: "#cf6a87", words: "Fifteen bulbs to plant before the frost." },
  { id: "p-6", name: "Watering can", price: 24, picture: "can", tint: "#5b86a8", words: "Zinc, five litres, a fine rose." },
];
const POT = '<path d="M34 66h32l-4 26H38z" fill="#b5673f"/><path d="M31 60h38v8H31z" fill="#c97a4e"/>';
const leaf = (turn, length = 34) => `<path d="M50 60q-12-${length / 2} 0-${length}q12 ${length / 2} 0 ${length}" transform="rotate(${turn} 50 60)"/>`;
const bloom = (petal, heart) =>
  Array.from({ length: 10 }, (_, turn) => `<ellipse cx="50" cy="16" rx="5" ry="11" fill="${petal}" transform="rotate(${turn * 36} 50 30)"/>`).join("") +
  `<circle cx="50" cy="30" r="9" fill="${heart}"/>`;
const DRAWINGS = {
  fern: `<g fill="#3f8a5c">${[-60, -35, -12, 12, 35, 60].map((turn) => leaf(turn, 44)).join("")}</g>${POT}`,
  cactus: `<g fill="none" stroke="#5c8f43" stroke-width="13" stroke-linecap="round"><path d="M50 60V22"/><path d="M50 48H32V36M50 42h18V28" stroke-width="9"/></g>${POT}`,
  sunflower: `<path d="M50 92V30" stroke="#4d8a3d" stroke-width="4"/><g fill="#4d8a3d" transform="translate(0 18)">${leaf(-60, 26)}${leaf(60, 26)}</g>${bloom("#e8b11c", "#6b4423")}`,
  olive: `<path d="M50 62V36" stroke="#7a5c3e" stroke-width="5"/><g fill="#75864a"><circle cx="50" cy="24" r="17"/><circle cx="36" cy="32" r="12"/><circle cx="64" cy="32" r="12"/></g>${POT}`,
  tulip: `<path d="M50 92V40" stroke="#4d8a3d" stroke-width="4"/><g fill="#4d8a3d" transform="translate(0 32)">${leaf(-25, 40)}${leaf(25, 40)}</g><path d="M36 18l7 8 7-12 7 12 7-8v14q0 14-14 14t-14-14z" fill="#cf5577"/>`,
  can: '<path d="M34 46h34v38H34z" fill="#6d93b0"/><path d="M68 62l22-26M36 46q0-22 17-22t15 22" fill="none" stroke="#567a96" stroke-width="5"/><path d="M84 30l12 10" stroke="#567a96" stroke-width="7"/>',
};
const drawing = (name) => `<svg viewBox="0 0 100 100" aria-hidden="true">${DRAWINGS[name]}</svg>`;
const CURRENCY = "EUR";
const money = (amount) => amount.toLocaleString("en-IE", { style: "currency", currency: CURRENCY });
const find = (id) => PRODUCTS.find((product) => product.id === id);
const cart = () => JSON.parse(sessionStorage.getItem("cart") || "{}");
const keep = (items) => {
  sessionStorage.setItem("cart", JSON.stringify(items));
  count();
};
const total = () => Object.entries(cart()).reduce((sum, [id, number]) => sum + find(id).price * number, 0);
const count = () => {
  const number = Object.values(cart()).reduce((sum, each) => sum + each, 0);
  document.querySelector("#count").textContent = number ? ` (${number})` : "";
};
const main = document.querySelector("main");
// Names and prices are our own list: nothing of the address is written into the page.
const draw = (html) => {
  main.innerHTML = html;
};

const pages = {
  list() {
    const cards = PRODUCTS.map(
      ({ id, name, price, picture, tint }) => `<li class="card"><a href="product.html?id=${id}" data-track="product ${id}">
        <div class="picture" style="--tint:${tint}" >${drawing(picture)}</div>
        <div class="words"><h2>${name}</h2><span class="price">${money(price)}</span></div></a></li>`,
    );
    draw(`<h1>Green things for small flats</h1>
      <p class="lead">Click around. Every click is an event, and the live page shows it a few seconds later.</p>
      <ul class="grid">${cards.join("")}</ul>`);
    clickstream.track("view_item_list");
  },

  product() {
    const product = find(new URLSearchParams(location.search).get("id")) || PRODUCTS[0];
    document.title = `${product.name} – Leaf & Pot`;
    draw(`<div class="product"><div class="picture" style="--tint:${product.tint}" >${drawing(product.picture)}</div>
      <div><h1>${product.name}</h1><p>${product.words}</p><p class="price">${money(product.price)}</p>
      <button id="add">Add to cart</button> <a class="plain" href="cart.html">Go to the cart</a></div></div>`);
    clickstream.track("view_item", { product_id: product.id });
    document.querySelector("#add").onclick = (event) => {
      const items = cart();
      items[product.id] = (items[product.id] || 0) + 1;
      keep(items);
      clickstream.track("add_to_cart", { product_id: product.id, quantity: 1, revenue: product.price, currency: CURRENCY });
      event.target.textContent = "Added ✓";
    };
  },

  cart() {
    const rows = Object.entries(cart()).map(([id, number]) => {
      const { name, price } = find(id);
      return `<tr><td>${name}</td><td class="number">${number}</td><td class="number">${money(price * number)}</td>
        <td class="number"><button class="plain" data-id="${id}" data-track="remove">remove</button></td></tr>`;
    });
    draw(
      rows.length
        ? `<h1>Your cart</h1><table><thead><tr><th scope="col">Product</th><th scope="col" class="number">Pieces</th>
           <th scope="col" class="number">Price</th><th><span hidden>remove</span></th></tr></thead><tbody>${rows.join("")}</tbody>
           <tfoot><tr><th scope="row">Total</th><td></td><td class="number">${money(total())}</td><td></td></tr></tfoot></table>
           <a class="button" id="checkout" href="checkout.html">To the checkout</a>`
        : `<h1>Your cart is empty</h1><p class="lead">Nothing grows here yet.</p><a class="button" href="index.html">To the plants</a>`,
    );
    main.querySelectorAll("[data-id]").forEach((button) => {
      button.onclick = () => {
        const items = cart();
        clickstream.track("remove_from_cart", { product_id: button.dataset.id, quantity: items[button.dataset.id] });
        delete items[button.dataset.id];
        keep(items);
        pages.cart();
      };
    });
  },

  checkout() {
    clickstream.track("begin_checkout", { revenue: total(), currency: CURRENCY });
    draw(`<h1>Checkout</h1><p class="lead">Nothing is sold here, and no address leaves this page.</p>
      <form><label>Name<input name="name" autocomplete="off" required></label>
      <label>Street and town<input name="street" autocomplete="off" required></label>
      <button id="order">Order for ${money(total())}</button></form>`);
    main.querySelector("form").onsubmit = (event) => {
      event.preventDefault();
      const order = `o-${Date.now()}`;
      clickstream.track("purchase", { order_id: order, revenue: Number(total().toFixed(2)), currency: CURRENCY });
      keep({});
      draw(`<h1>Thank you</h1><p class="lead">Order ${order} is on its way, as an event.</p>
        <a class="button" href="index.html">Back to the plants</a>`);
    };
  },
};

const banner = document.querySelector("#consent");
const answer = (isYes) => {
  clickstream.consent(isYes);
  sessionStorage.setItem("asked", "yes");
  banner.hidden = true;
};
document.querySelector("#agree").onclick = () => answer(true);
document.querySelector("#refuse").onclick = () => answer(false);
document.querySelector("#ask").onclick = () => {
  banner.hidden = false;
};
banner.hidden = sessionStorage.getItem("asked") === "yes";
count();
pages[document.body.dataset.page]();
