using System.Globalization;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>The session's fields that hold its states: one array for each kind, so that code of a repeated block can count through them.</summary>
internal sealed class StateFields
{
    private readonly Dictionary<StatePair, int> _indices = [];

    public StateFields(IReadOnlyList<StatePair> states)
    {
        foreach (IGrouping<StateKind, StatePair> kind in states.GroupBy(state => state.Kind))
        {
            int index = 0;
            foreach (StatePair state in kind)
            {
                _indices[state] = index++;
            }
        }
    }

    /// <summary>Index among the states of the same kind.</summary>
    public int IndexInKind(StatePair state) => _indices[state];

    /// <summary>Element of the field.</summary>
    public string Element(StateKind kind, string index) => $"{Field(kind)}[{index}]";

    /// <summary>The field of a state.</summary>
    public string Element(StatePair state) => Element(state.Kind, IndexInKind(state).ToString(CultureInfo.InvariantCulture));

    /// <summary>Name of the array.</summary>
    public static string Field(StateKind kind) => kind == StateKind.KeyValueCache ? "_caches" : "_carried";

    /// <summary>Type of its elements.</summary>
    public static string TypeName(StateKind kind) => kind == StateKind.KeyValueCache ? "KeyValueBuffer" : "CarriedState";
}
