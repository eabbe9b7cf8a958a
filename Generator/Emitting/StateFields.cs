using System.Globalization;
using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>The session's fields that hold its states: an array of caches that tokens are appended to and one of whole tensors, so that code of a repeated block can count
/// through them.</summary>
internal sealed class StateFields
{
    private readonly Dictionary<StatePair, int> _indices = [];

    public StateFields(IReadOnlyList<StatePair> states)
    {
        foreach (IGrouping<bool, StatePair> field in states.GroupBy(state => state.IsAppended))
        {
            int index = 0;
            foreach (StatePair state in field)
            {
                _indices[state] = index++;
            }
        }
    }

    /// <summary>Index among the states of the same field.</summary>
    public int IndexInField(StatePair state) => _indices[state];

    /// <summary>The element with an index, in the field of a state.</summary>
    public string Element(StatePair state, string index) => $"{Field(state.IsAppended)}[{index}]";

    /// <summary>The element that holds a state.</summary>
    public string Element(StatePair state) => Element(state, IndexInField(state).ToString(CultureInfo.InvariantCulture));

    /// <summary>Name of the array.</summary>
    public static string Field(bool isAppended) => isAppended ? "_caches" : "_carried";
}
