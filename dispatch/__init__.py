"""派单 Paidan: the service desk and fault dispatch of a home-broadband operator.

A fault's journey, and where each step of it stands:

    a customer reports it, by hotline or face to face      tickets.intake.submit
    a script tries to solve it on the phone                routing.prehandling.follow
    it becomes a ticket; the rules name the first team     routing.rulebook.decide
    its hop is a row that is due                           tickets.next_hop.start
    the relay sends due hops to the teams' queues          workers.relay
    the team's worker tests, assigns, puts it on the board workers.hop, workers.teams
    a person claims it and reports a finding               tickets.handling.claim, tickets.handling.end
    the finding and the facts decide the next hop          tickets.next_hop.end
    the record is frozen, the customer is asked            tickets.closing.archive, tickets.closing.answer
    satisfied: the case is closed; not fixed: back to work domain.ticket

At the counter, where no operation waits for a queue:

    an operation is done whole, or its refusal is recorded accounts
    its outside effects are rows, delivered afterwards     effects, workers.effects
    a line is built by the same rules, queues and boards   tickets.construction
    the customer takes home a slip of what was done        slips

The database decides what is true; a message only says where to look.
"""

__version__ = "0.2.0"
