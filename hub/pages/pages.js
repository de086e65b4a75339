// Part of every page: see page.html.
for (const button of document.querySelectorAll('a[role="button"]:not([href])')) {
  // A link without an address is out of the keyboard's reach: https://github.com/jupyterhub/jupyterhub/issues/4262.
  button.tabIndex = 0;
  button.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      button.click();
    }
  });
}
for (const button of document.querySelectorAll("[data-shows]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.shows);
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
    button.querySelector("i").className = show ? "fa fa-eye-slash" : "fa fa-eye";
  });
}
