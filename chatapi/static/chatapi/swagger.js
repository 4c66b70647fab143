// Swagger UI for an OpenAPI 3 document; the script of drf-yasg knows only OpenAPI 2.
"use strict";

const documentUrl = document.currentScript.dataset.document;

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: documentUrl,
    dom_id: "#swagger-ui",
    deepLinking: !location.hash.startsWith("#problem"), // those are rows of our own table
    displayRequestDuration: true,
    docExpansion: "none",
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    // An address like /swagger/#problem-not_found names a row below, whose place is known only now.
    onComplete: () => document.querySelector(".problems:target, .problems tr:target")?.scrollIntoView(),
  });
});
