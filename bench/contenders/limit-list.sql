select ('{"data":{"customers":{"nodes":[' || coalesce(string_agg(
    (('{"id":"cus_' || c.id::text) || ('","displayName":' || coalesce(to_json(c.display_name)::text, 'null')) || (',"stage":"' || c.stage::text))
    || ('","interactions":{"nodes":[' || coalesce((
      select string_agg((('{"id":"int_' || id::text) || ('","channel":{"code":' || to_json(channel)::text))
        || (('},"occurredAt":' || replace(to_json(occurred_at)::text, '+00:00', 'Z')) || (',"summary":' || coalesce(to_json(summary)::text, 'null') || '}')), ',')
      from (select * from interactions where customer_id = c.id order by occurred_at desc, id desc limit 3) as latest), ''))
    || ((']},"purchases":{"nodes":[' || coalesce((
      select string_agg((('{"id":"pur_' || id::text) || ('","placedAt":' || replace(to_json(placed_at)::text, '+00:00', 'Z')))
        || ((',"total":{"amount":"' || total::text) || ('","currency":"' || currency::text || '"}}')), ',')
      from (select * from purchases where customer_id = c.id order by placed_at desc, id desc limit 2) as latest), ''))
    || ((']},"loyalty":' || coalesce((select '{"tier":{"code":' || to_json(tier)::text || '}}' from loyalty_accounts where customer_id = c.id), 'null'))
      || (',"openTicketCount":' || (select count(*) from tickets where customer_id = c.id and status in ('NEW', 'OPEN', 'PENDING', 'ON_HOLD'))::text || '}'))),
    ',') filter (where c.place <= 50), ''))
  || (('],"pageInfo":{"hasNextPage":' || case when count(*) > 50 then 'true' else 'false' end || ',"endCursor":')
    || (coalesce('"' || translate(encode(convert_to('["id-","cus_' || (array_agg(c.id))[least(50, count(*))::int]::text || '"]', 'UTF8'), 'base64'), E'+/\n=', '-_') || '"', 'null') || '}}}}')) as answer
from (
  select *, row_number() over () as place
  from (select id, display_name, stage from customers where id < $1 and merged_into is null order by id desc limit 51) as read) as c
