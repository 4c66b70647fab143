// ReDoc for an OpenAPI 3 document, under a policy that allows nothing from elsewhere.
"use strict";

// ReDoc shows its maker's logo from another server, by attribute and by property; here it does not.
const { src } = Object.getOwnPropertyDescriptors(HTMLImageElement.prototype);
const isOurs = (url) => new URL(url, location.href).origin === location.origin;

Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...src,
  set(url) {
    if (isOurs(url)) src.set.call(this, url);
    else this.hidden = true;
  },
});
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || isOurs(value)) Element.prototype.setAttribute.call(this, name, value);
};

Redoc.init(
  document.currentScript.dataset.document,
  { nativeScrollbars: true, requiredPropsFirst: true },
  document.getElementById("redoc-placeholder"),
);
