-- What a PostGraphile user would add: its two lists with a condition as functions that PostgreSQL inlines.
create function customers_asking_tickets(customer customers) returns setof tickets language sql stable as
$$ select * from tickets where customer_id = customer.id and status in ('OPEN', 'PENDING') order by opened_at desc, id desc $$;

create function customers_open_ticket_count(customer customers) returns int language sql stable as
$$ select count(*)::int from tickets where customer_id = customer.id and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD') $$;
