"""Money of a cancellation that hangs on one side's word: who reads it, who is asked, what is told of it."""
