using Cameo.Descriptions;
using Cameo.Sessions;
using Cameo.States;

namespace Cameo.Tests.Sessions;

/// <summary>
/// A model written by hand with states: tokens [rows, new, 4] are appended to a key cache of two heads of two elements; total [4] sums
/// all tokens of all runs (a state of fixed shape); count [rows] gives the tokens each row holds.
/// </summary>
internal sealed unsafe class CacheModel(bool withTotal) : CompiledModel(Describe(withTotal), null)
{
    public const int Bound = 6;
    public const int Heads = 2;
    public const int HeadSize = 2;

    public bool WithTotal => withTotal;

    protected override CompiledSession CreateSessionCore(SessionOptions? options) => new Session(this, options);

    private static ModelDescription Describe(bool withTotal) => new()
    {
        Name = "Cache",
        Inputs = [new ValueDescription { Name = "tokens", ElementType = ElementType.Float32, Dimensions = ["rows", "new", "4"] }],
        Outputs = [new ValueDescription { Name = "count", ElementType = ElementType.Int64, Dimensions = ["rows"] }],
        States =
        [
            new StateDescription { InputName = "past.key", OutputName = "present.key", ElementType = ElementType.Float32, Dimensions = ["rows", "2", "past", "2"] },
            .. withTotal
                ? new[] { new StateDescription { InputName = "total", OutputName = "new_total", ElementType = ElementType.Float32, Dimensions = ["4"] } }
                : [],
        ],
    };

    public sealed class Session : CompiledSession
    {
        private readonly SequenceState _sequence;
        private readonly KeyValueBuffer _keys;
        private readonly CarriedState? _total;
        private readonly long[] _shape = new long[1];
        private float* _tokens;
        private int _rows;
        private int _columns;

        internal Session(CacheModel model, SessionOptions? options)
            : base(model, options)
        {
            _sequence = CreateSequence(Bound, "OnnxDimensions=\"past<=6\"");
            _keys = AddKeyValueState(ElementType.Float32, Heads, HeadSize);
            _total = model.WithTotal ? AddCarriedState(StateUpdate.InPlace, ElementType.Float32, 4) : null;
            AllocateStates();
        }

        public nint KeysAddress => (nint)_keys.Data;

        protected override void BindInput(int index, void* data, ReadOnlySpan<long> shape)
        {
            _tokens = (float*)data;
            _rows = (int)shape[0];
            _columns = (int)shape[1];
        }

        protected override void Execute()
        {
            EnsureArena(_rows * sizeof(long));
            _sequence.Begin(_rows, _columns);
            for (int row = 0; row < _rows; row++)
            {
                for (int element = 0; element < _columns * Heads * HeadSize; element++)
                {
                    int column = element / (Heads * HeadSize);
                    int head = element / HeadSize % Heads;
                    float value = _tokens[(row * _columns * Heads * HeadSize) + element];
                    _keys.Head(row, head)[((_sequence.PastLengths[row] + column) * HeadSize) + (element % HeadSize)] = value;
                    if (_total is not null)
                    {
                        ((float*)_total.Data)[element % 4] += value;
                    }
                }

                ((long*)Arena)[row] = _sequence.TotalLengths[row];
            }

            _sequence.Commit();
        }

        protected override TensorView GetOutputView(int index)
        {
            _shape[0] = _rows;
            return new TensorView(Arena, ElementType.Int64, _shape);
        }
    }
}
