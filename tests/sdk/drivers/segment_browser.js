analytics.identify("u-42", { plan: "pro" });
analytics.track("Order Completed", { order_id: "o-1", revenue: 9.9, currency: "EUR" });
