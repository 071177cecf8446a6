"""Pure: what a ticket and a hop are, how they live, what a finding needs, how time counts. No I/O."""
