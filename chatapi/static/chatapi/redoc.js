// ReDoc for an OpenAPI 3 document, under a policy that allows nothing from elsewhere.
"use strict";

// ReDoc shows its maker's logo from another server; this page loads nothing from there.
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || new URL(value, location.href).origin === location.origin) {
    Element.prototype.setAttribute.call(this, name, value);
  }
};

const { document: url, nonce } = document.currentScript.dataset;
Redoc.init(url, { nonce, nativeScrollbars: true, requiredPropsFirst: true }, document.getElementById("redoc-placeholder"));
