#!/usr/bin/env escript
%% -*- coding: utf-8 -*-
%% kernelenv.escript LIST: for each line of LIST, -config files with tabs between
%% them, the verdict of application_controller's own code on a start with them:
%% {ok, Kernel's parameters} or {error, Words}, one a line, each with its dot.
%%
%% The code is taken from the beam file of the OTP that runs this, under another
%% name, since the module itself runs already and exports none of it.
-mode(compile).

main([List]) ->
    ok = io:setopts([{encoding, unicode}]),
    load_copy(),
    {ok, Text} = file:read_file(List),
    Lines = string:split(unicode:characters_to_list(Text), "\n", all),
    [io:format("~tw.~n", [verdict(string:split(L, "\t", all))]) || L <- Lines, L =/= []].

verdict(Files) ->
    try
        Merge = fun(File, Env) -> ac_copy:merge_env(Env, ac_copy:conf_param_to_conf({config, File})) end,
        Env = lists:foldl(Merge, [], Files),
        case ac_copy:check_conf_data(Env) of
            ok -> {ok, proplists:get_value(kernel, Env, [])};
            {error, Words} -> {error, lists:flatten(Words)}
        end
    catch
        throw:{error, Reason} -> {error, Reason};
        Class:Reason -> {error, {Class, Reason}}
    end.

load_copy() ->
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(code:which(application_controller), [abstract_code]),
    Renamed = [case F of {attribute, A, module, _} -> {attribute, A, module, ac_copy}; _ -> F end
               || F <- Forms, not is_type(F)],
    {ok, ac_copy, Beam} = compile:forms(Renamed, [export_all, nowarn_export_all, binary]),
    {module, ac_copy} = code:load_binary(ac_copy, "ac_copy", Beam),
    ok.

%% What the compiler would check against the old name.
is_type({attribute, _, Kind, _}) -> lists:member(Kind, [behaviour, spec, callback, dialyzer, opaque]);
is_type(_) -> false.
