"""What is told of offers, claims, bookings and papers under the bell and by mail, made from each hearer's own copy."""
