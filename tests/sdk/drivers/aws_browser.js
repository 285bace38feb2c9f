ClickstreamAnalytics.setUserId("u-42");
ClickstreamAnalytics.record({ name: "purchase", attributes: { transaction_id: "o-1", value: 9.9, currency: "EUR" } });
