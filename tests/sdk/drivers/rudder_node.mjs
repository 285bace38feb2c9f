analytics.identify({ userId: "u-42", traits: { plan: "pro" } });
analytics.page({
  userId: "u-42",
  name: "P1",
  properties: { url: "https://shop.example/p/1", title: "P1" },
  context: { campaign: { source: "news", name: "c1" } },
});
analytics.flush();
