-- Made-up customers, the same at every run: chance(n, k) is a fixed number in [0, 1) for row n and purpose k.
-- :customers is replaced by the number of customers before this runs.
create schema bench;

create function bench.chance(n bigint, k bigint) returns float8 language sql immutable parallel safe as
$$ select (hashint8extended(n, k) & 9007199254740991)::float8 / 9007199254740992 $$;

-- A UUIDv7 of that moment.
create function bench.id(at timestamptz, kind text, n bigint) returns uuid language sql immutable parallel safe as
$$ select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid
   from md5(kind || n) as h $$;

-- Log-normal with the given median; the top thousandth follows a power law up to ten thousand.
create function bench.skewed(n bigint, k bigint, median float8, spread float8, longest float8) returns int language sql immutable as
$$ select case when u > 0.999 then least(longest, median * 21 * ((1 - u) / 0.001) ^ -0.94)
     else median * exp(spread * sqrt(-2 * ln(1 - bench.chance(n, k + 1))) * cos(2 * pi() * bench.chance(n, k + 2))) end::int
   from bench.chance(n, k) as u $$;

create function bench.pick(list text[], chance float8) returns text language sql immutable parallel safe as
$$ select list[1 + floor(chance * cardinality(list))::int] $$;

insert into sources (code, name, priority) values ('crm', 'CRM', 10), ('shop', 'Shop', 20), ('desk', 'Service desk', 30);

create table bench.person as
select n, bench.id(at, 'customer', n) as id, bench.id(at, 'profile', n) as profile_id, at, script,
  bench.pick(case script
    when 0 then '{Anna,Maria,Jonas,Lukas,Emma,Noah,Olivia,Paul,Clara,Henri,Chloé,Zoë,Jürgen,Søren,Łukasz,Inês}'::text[]
    when 1 then '{آرش,نگار,سارا,بهرام,شیرین,پژمان,گلناز,کیوان,مریم,فرهاد,لیلا,بابک}'::text[]
    else '{أحمد,فاطمة,محمد,ليلى,يوسف,خديجة,عمر,زينب,إبراهيم,مريم,سليم,نور}'::text[] end, bench.chance(n, 11)) as given_name,
  bench.pick(case script
    when 0 then '{Müller,Schmidt,Martin,Bernard,García,Rossi,Smith,Jones,Novák,Kowalski,Jensen,O''Neill,Dvořák,Silva,de Vries}'::text[]
    when 1 then '{رضایی,محمدی,حسینی,کریمی,احمدی,موسوی,جعفری,تهرانی,شیرازی,یزدانی}'::text[]
    else '{الحسن,العلي,الخطيب,حداد,منصور,الشامي,النجار,المصري,بن عمر,القاضي}'::text[] end, bench.chance(n, 12)) as family_name,
  case script when 0 then bench.pick('{de-DE,fr-FR,en-GB,it-IT,es-ES}', bench.chance(n, 13)) when 1 then 'fa-IR' else bench.pick('{ar-EG,ar-MA,ar-SA}', bench.chance(n, 13)) end as locale,
  case script when 0 then bench.pick('{Europe/Berlin,Europe/Paris,Europe/London}', bench.chance(n, 13)) when 1 then 'Asia/Tehran' else 'Africa/Cairo' end as time_zone,
  case script when 0 then 'DE' when 1 then 'IR' else 'EG' end as country,
  bench.pick('{LEAD,OPPORTUNITY,CUSTOMER,CUSTOMER,CUSTOMER,CUSTOMER,LAPSED,LOST}', bench.chance(n, 14))::customer_stage as stage,
  'person' || n || '@example.com' as email, '+4915' || lpad((n * 7919 % 1000000000)::text, 9, '0') as phone
from (select n, timestamptz '2021-01-01Z' + interval '5 years' * (n::float8 / :customers) as at,
    case when bench.chance(n, 10) < 0.6 then 0 when bench.chance(n, 10) < 0.85 then 1 else 2 end as script
  from generate_series(1, :customers::bigint) as n) as numbered;
create index on bench.person (n);

insert into customers (id, seq, display_name, given_name, family_name, email, phone, locale, time_zone, country, stage, created_at, updated_at)
select id, 0, given_name || ' ' || family_name, given_name, family_name, email, case when bench.chance(n, 15) < 0.8 then phone end, locale, time_zone,
  country, stage, at, at + interval '90 days' * bench.chance(n, 16) from bench.person order by n;

insert into profiles (id, customer_id, source, source_ref, display_name, given_name, family_name, email, phone, locale, time_zone, country, stage, observed_at, created_at, updated_at)
select profile_id, id, 'crm', 'c' || n, given_name || ' ' || family_name, given_name, family_name, email, case when bench.chance(n, 15) < 0.8 then phone end,
  locale, time_zone, country, stage, at, at, at from bench.person order by n;

insert into identities (id, customer_id, profile_id, kind, value, verified, source, first_seen_at, last_seen_at)
select bench.id(at, 'identity' || kind, n), id, profile_id, kind::identity_kind,
  case kind when 'EMAIL' then email when 'PHONE' then phone else 'CARD' || lpad(n::text, 10, '0') end,
  bench.chance(n, 17) < 0.5, 'crm', at, at + interval '200 days' * bench.chance(n, 18)
from bench.person, unnest('{EMAIL,PHONE,LOYALTY_CARD}'::text[]) with ordinality as kinds (kind, i)
where i = 1 or bench.chance(n, 18 + i) < 0.45 order by n, i;
insert into identity_claims (kind, value, customer_id) select kind, value, customer_id from identities;

create table bench.contact as
select row_number() over (order by at) as n, id as customer_id, profile_id, at from (
  select id, profile_id, at + (timestamptz '2026-11-01Z' - at) * bench.chance(person.n * 20000 + i, 30) as at
  from bench.person, generate_series(1, bench.skewed(person.n, 20, 6.9, 0.95, 10000)) as i
  order by bench.chance(person.n * 20000 + i, 31) limit :customers * 10) as kept;

insert into interactions (id, customer_id, profile_id, source, source_ref, channel, direction, initiative, actor, kind, summary, duration_seconds, occurred_at, recorded_at)
select bench.id(at, 'interaction', n), customer_id, profile_id, 'desk', 'i' || n,
  bench.pick('{phone,email,chat,bot,social,messaging,web_form,web,app,store,self_service,mail}', bench.chance(n, 40) ^ 1.5),
  (case when bench.chance(n, 41) < 0.7 then 'INBOUND' else 'OUTBOUND' end)::interaction_direction,
  (case when bench.chance(n, 42) < 0.6 then 'SOLICITED' else 'UNSOLICITED' end)::interaction_initiative, 'HUMAN',
  bench.pick('{message,call,visit,order_question,complaint}', bench.chance(n, 43)),
  case when bench.chance(n, 44) < 0.95 then bench.pick(array[
    'Asked where the parcel is; the carrier shows it held at the depot since Monday.',
    'Wants to change the delivery address before dispatch and pay the difference by card.',
    'Reports that the mobile app signs out after every update; logs were sent "as is".',
    'Praised the colleague who exchanged the damaged kettle without any fuss at the till.',
    'درباره زمان تحویل سفارش پرسید و خواست پیش از ارسال با او تماس گرفته شود.',
    'از کیفیت بسته‌بندی گله داشت و عکس کالای آسیب‌دیده را برای بررسی فرستاد.',
    'سأل عن موعد وصول الطلب وطلب تغيير عنوان التسليم قبل خروج الشحنة من المستودع.',
    'Invoice shows the old VAT number; needs a corrected copy for the bookkeeping by Friday.'], bench.chance(n, 45)) || ' #' || n % 1000 end,
  case when bench.chance(n, 46) < 0.3 then (bench.chance(n, 47) * 900)::int end, at, at + interval '5 seconds'
from bench.contact order by n;

create table bench.bought as
select row_number() over (order by at) as n, id as customer_id, profile_id, at from (
  select id, profile_id, at + (timestamptz '2026-11-01Z' - at) * bench.chance(person.n * 20000 + i, 50) as at
  from bench.person, generate_series(1, bench.skewed(person.n, 51, 3.6, 0.9, 2000)) as i
  order by bench.chance(person.n * 20000 + i, 52) limit :customers * 5) as kept;
alter table bench.bought add id uuid, add items int;
update bench.bought set id = bench.id(at, 'purchase', n), items = (array[1,1,1,1,1,1,1,2,2,2,2,2,2,3,3,3,4,4,5,7])[1 + floor(bench.chance(n, 53) * 20)::int];

insert into purchase_items (customer_id, purchase_id, position, sku, name, quantity, unit_price)
select customer_id, id, i, 'SKU-' || lpad(article::text, 5, '0'),
  bench.pick('{Kettle,Tea towel,Lamp,Notebook,Bicycle bell,Woollen scarf,قوری,فرش دستباف,مصباح,Storage box}', bench.chance(article, 60)) || ' ' ||
  bench.pick('{small,large,blue,red,set of 6,1.5 l}', bench.chance(article, 61)),
  1 + floor(bench.chance(n * 10 + i, 62) * 4)::int, ((1 + bench.chance(article, 63) * 9900)::int / 100.0)::numeric(10, 2)
from (select *, (bench.chance(n * 10 + i, 64) ^ 2 * 5000)::int as article from bench.bought, generate_series(1, items) as i) as lines order by n, i;

insert into purchases (id, customer_id, profile_id, source, source_ref, order_number, status, channel, currency, total, placed_at, recorded_at)
select id, customer_id, profile_id, 'shop', 'o' || n, 'ORD-' || lpad(n::text, 8, '0'),
  bench.pick('{PLACED,PAID,FULFILLED,FULFILLED,FULFILLED,FULFILLED,FULFILLED,CANCELLED}', bench.chance(n, 65))::purchase_status,
  bench.pick('{web,app,store,phone}', bench.chance(n, 66)), bench.pick('{EUR,EUR,EUR,GBP,USD}', bench.chance(n, 67)),
  (select sum(quantity * unit_price) from purchase_items where purchase_id = bought.id), at, at + interval '2 seconds'
from bench.bought order by n;

create table bench.moved as
select row_number() over (order by at) as n, account, customer_id, profile_id, at, kind,
  case kind when 'SPEND' then -1 else 1 end * (10 + bench.chance(customer * 1000 + i, 70) ^ 3 * 1500)::int as points from (
  select person.n as customer, i, bench.id(at, 'account', person.n) as account, id as customer_id, profile_id,
    at + (timestamptz '2026-11-01Z' - at) * bench.chance(person.n * 1000 + i, 71) as at,
    (case when bench.chance(person.n * 1000 + i, 72) < 0.85 then 'EARN' else 'SPEND' end)::loyalty_entry_kind as kind
  from bench.person, generate_series(1, bench.skewed(person.n, 73, 3.7, 0.85, 500)) as i
  order by bench.chance(person.n * 1000 + i, 74) limit :customers * 5) as kept;

insert into loyalty_entries (id, customer_id, profile_id, account_id, source, source_ref, kind, points, pending_delta, active_delta, reason, occurred_at, recorded_at)
select bench.id(at, 'entry', n), customer_id, profile_id, account, 'shop', 'l' || n, kind, points, 0, points,
  case kind when 'EARN' then 'Points for order ORD-' || lpad((n % 500000)::text, 8, '0') else 'Voucher at the till' end, at, at + interval '3 seconds'
from bench.moved order by n;

create table bench.points as
select customer_id, coalesce(sum(points) filter (where points > 0), 0) as earned, coalesce(-sum(points) filter (where points < 0), 0) as spent
from bench.moved group by 1;

insert into loyalty_accounts (id, customer_id, tier, active, earned, spent, joined_at, updated_at)
select bench.id(at, 'account', n), id,
  case when earned >= 20000 then 'platinum' when earned >= 5000 then 'gold' when earned >= 1000 then 'silver' else 'basic' end,
  earned - spent, earned, spent, at, at
from (select person.*, coalesce(earned, 0) as earned, coalesce(spent, 0) as spent
  from bench.person left join bench.points on points.customer_id = person.id) as accounts order by n;

create table bench.asked as
select row_number() over (order by at) as n, id as customer_id, profile_id, at from (
  select id, profile_id, at + (timestamptz '2026-11-01Z' - at) * bench.chance(person.n * 1000 + i, 80) as at
  from bench.person, generate_series(1, bench.skewed(person.n, 81, 1.6, 0.9, 300)) as i
  order by bench.chance(person.n * 1000 + i, 82) limit :customers * 2) as kept;

insert into tickets (id, customer_id, profile_id, source, source_ref, number, subject, category, channel, status, priority, team, opened_at, solved_at, closed_at, updated_at, recorded_at)
select bench.id(at, 'ticket', n), customer_id, profile_id, 'desk', 't' || n, 'T-' || lpad(n::text, 7, '0'),
  bench.pick(array['Parcel not delivered', 'Refund for a cancelled order is still missing', 'Cannot sign in on the new phone', 'کالای اشتباه فرستاده شد',
    'طلب استرداد المبلغ', 'Warranty question about the kettle'], bench.chance(n, 90)),
  bench.pick('{delivery,payment,account,product}', bench.chance(n, 91)), bench.pick('{phone,email,chat,web_form}', bench.chance(n, 92)),
  status, bench.pick('{LOW,NORMAL,NORMAL,NORMAL,HIGH,URGENT}', bench.chance(n, 93))::ticket_priority, 'first level', at,
  case when status in ('SOLVED', 'CLOSED') then at + interval '2 days' end, case when status = 'CLOSED' then at + interval '9 days' end,
  at + interval '9 days', at + interval '4 seconds'
from (select *, (case when bench.chance(n, 94) < 0.2 then bench.pick('{NEW,OPEN,OPEN,PENDING,ON_HOLD}', bench.chance(n, 95))
  else bench.pick('{SOLVED,CLOSED,CLOSED,CLOSED}', bench.chance(n, 96)) end)::ticket_status as status from bench.asked) as asked order by n;

drop schema bench cascade;
