"""Records and delivers facts without understanding them: outbox, feed, live stream, mail, audit."""
