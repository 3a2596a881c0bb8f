"use strict";
(function () {
  var current = null;
  document.querySelectorAll(".diagram").forEach(function (diagram) {
    var steps = diagram.querySelectorAll("[data-at]");
    var last = diagram.querySelectorAll(".steps li").length;
    var output = diagram.querySelector("output");
    var all = output.textContent;
    var at = 0;
    function show(to) {
      at = Math.max(0, Math.min(last, to));
      steps.forEach(function (element) {
        var own = Number(element.getAttribute("data-at"));
        element.classList.toggle("later", at > 0 && own > at);
        element.classList.toggle("now", at > 0 && own === at);
      });
      output.textContent = at === 0 ? all : "row " + at + " of " + last;
    }
    diagram.go = function (by) { show(by === 0 ? 0 : at + by); };
    diagram.querySelector(".controls").hidden = false;
    diagram.addEventListener("click", function (event) {
      current = diagram;
      var button = event.target.closest("button[data-go]");
      var element = event.target.closest("[data-at]");
      if (button) { diagram.go(Number(button.getAttribute("data-go"))); }
      else if (element) { show(Number(element.getAttribute("data-at"))); }
    });
    diagram.addEventListener("pointerenter", function () { current = diagram; });
    current = current || diagram;
  });
  document.addEventListener("keydown", function (event) {
    if (!current || event.altKey || event.ctrlKey || event.metaKey) { return; }
    var by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by !== 0) { current.go(by); event.preventDefault(); }
  });
}());
