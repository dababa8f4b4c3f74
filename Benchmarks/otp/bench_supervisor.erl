%% The supervisors that are measured.
-module(bench_supervisor).
-behaviour(supervisor).
-export([init/1]).

init({static, Count, Kind}) ->
    {ok, {flags(one_for_one), [child(Id, {bench_child, start_link, [Kind, Id]}) || Id <- lists:seq(1, Count)]}};
init({dynamic, Kind}) ->
    {ok, {flags(simple_one_for_one), [child(child, {bench_child, start_link, [Kind]})]}};
init({periodic, Plan}) ->
    {ok, {flags(simple_one_for_one), [(child(child, {bench_periodic, start_link, [Plan]}))#{restart := temporary}]}}.

%% More restarts than can happen: bookkeeping, but no end of the supervisor.
flags(Strategy) -> #{strategy => Strategy, intensity => 1000000, period => 1}.

child(Id, Start) -> #{id => Id, start => Start, restart => permanent}.
