analytics.identify("u-42", {"plan": "pro"})
analytics.page(
    "u-42",
    "Shop",
    "P1",
    {"url": "https://shop.example/p/1", "title": "P1"},
    context={"campaign": {"source": "news", "name": "c1"}},
)
analytics.flush()
