%% A periodic child at OTP's best: a bare loop with absolute deadlines. Relative ones (send_after) drift: each tick is a
%% millisecond late, and the period becomes 11 ms.
-module(bench_periodic).
-export([start_link/2, init/3, histogram/0, buckets/1]).

%% Lateness in us; the last bucket takes what is later.
-define(BUCKETS, 50001).

start_link(Plan, Id) -> proc_lib:start_link(?MODULE, init, [self(), Plan, Id]).

init(Parent, {Start, End, Period, Histogram}, Id) ->
    proc_lib:init_ack(Parent, {ok, self()}),
    tick(Start + Id rem Period, End * 1000000, Period, Histogram).

tick(Last, End, Period, Histogram) ->
    Due = Last + Period,
    erlang:send_after(Due, self(), tick, [{abs, true}]),
    receive tick -> ok end,
    case erlang:monotonic_time(nanosecond) of
        Now when Now > End -> ok;
        Now ->
            Late = (Now - Due * 1000000) div 1000,
            counters:add(Histogram, max(1, min(?BUCKETS, Late)), 1),
            tick(Due, End, Period, Histogram)
    end.

histogram() -> counters:new(?BUCKETS, [write_concurrency]).

buckets(Histogram) -> [{Bucket, counters:get(Histogram, Bucket)} || Bucket <- lists:seq(1, ?BUCKETS)].
