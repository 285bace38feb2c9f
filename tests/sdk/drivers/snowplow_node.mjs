tracker.setUserId("u-42");
tracker.track(buildStructEvent({ category: "shop", action: "add-to-basket", label: "SKU1", property: "pcs", value: 2 }));
// It sends again what failed at its next flush.
setInterval(() => tracker.flush(), 500);
