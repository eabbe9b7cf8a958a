using System.Security.Cryptography;
using Cameo.Descriptions;
using Cameo.Memory;
using Cameo.Sessions;
using Cameo.Threading;

namespace Cameo.Tests.Sessions;

/// <summary>
/// A model written by hand in the shape of generated code: scaled = x · weights + bias by columns, x [rows, 3] with 1 to 4 rows, and count [1],
/// the number of runs so far, which is a state.
/// </summary>
internal sealed unsafe class ScaleModel : CompiledModel
{
    public const int Columns = 3;
    public const int MaximumRows = 4;

    private static readonly byte[] Identity = SHA256.HashData("scale"u8);

    public ScaleModel(ModelOptions? options = null, bool embedded = true)
        : base(Describe(embedded), options)
    {
    }

    public static float[] Scales => [2, 3, 5];

    /// <summary>What <see cref="Prepare"/> makes of the scales.</summary>
    public static float[] Biases => [20, 30, 50];

    public static byte[] WeightFileContent()
    {
        byte[] payload = new byte[Columns * sizeof(float)];
        Buffer.BlockCopy(Scales, 0, payload, 0, payload.Length);
        return [.. WeightFileFormat.WriteHeader(Identity, payload.Length, WeightChecksumTests.Compute(payload)), .. payload];
    }

    public new Session CreateSession(SessionOptions? options = null) => new(this, options);

    protected override CompiledSession CreateSessionCore(SessionOptions? options) => CreateSession(options);

    protected override void Prepare(byte* prepared, Workers workers)
    {
        for (int column = 0; column < Columns; column++)
        {
            ((float*)prepared)[column] = 10 * ((float*)Weights)[column];
        }
    }

    private static ModelDescription Describe(bool embedded) => new()
    {
        Name = "Scale",
        Inputs = [new ValueDescription { Name = "x", MemberName = "x", ElementType = ElementType.Float32, Dimensions = ["rows", "3"] }],
        Outputs = [new ValueDescription { Name = "scaled", ElementType = ElementType.Float32, Dimensions = ["rows", "3"] }],
        States =
        [
            new StateDescription { InputName = "count", OutputName = "new_count", ElementType = ElementType.Int64, Dimensions = ["1"], Kind = "counter", Bytes = 8 },
        ],
        Dimensions = [new DimensionDescription { Symbol = "rows", Minimum = 1, Maximum = MaximumRows }],
        WeightBytes = Columns * sizeof(float),
        PreparedBytes = Columns * sizeof(float),
        StateBytes = 8,
        Identity = Convert.ToHexStringLower(Identity),
        WeightFile = "Scale.weights",
        EmbeddedWeights = embedded ? () => new MemoryStream(WeightFileContent()) : null,
    };

    public sealed class Session : CompiledSession
    {
        private readonly long[] _shape = new long[2];
        private float* _x;
        private long _rows;
        private long _count;

        internal Session(ScaleModel model, SessionOptions? options)
            : base(model, options)
        {
        }

        /// <summary>Called inside a run.</summary>
        public Action? Running { get; set; }

        public nint WeightsAddress => (nint)Weights;

        public nint ArenaAddress => (nint)Arena;

        public ReadOnlySpan<float> Run(ReadOnlySpan<float> x, int rows)
        {
            Enter();
            try
            {
                if (x.Length != rows * Columns)
                {
                    ThrowWrongLength("x", rows * Columns, x.Length);
                }

                fixed (float* data = x)
                {
                    ReadOnlySpan<long> shape = [rows, Columns];
                    BindInput(0, data, shape);
                    Execute();
                }

                return new ReadOnlySpan<float>(Arena, (int)_rows * Columns);
            }
            finally
            {
                Exit();
            }
        }

        protected override void BindInput(int index, void* data, ReadOnlySpan<long> shape)
        {
            if (shape.Length != 2)
            {
                ThrowWrongRank("x", 2, shape.Length);
            }

            if (shape[1] != Columns)
            {
                ThrowDimensionMismatch("x", 1, "", Columns, shape[1]);
            }

            if (shape[0] is < 1 or > MaximumRows)
            {
                ThrowDimensionOutOfBounds("rows", shape[0], 1, MaximumRows, "OnnxDimensions=\"rows<=4\"");
            }

            _x = (float*)data;
            _rows = shape[0];
        }

        protected override void Execute()
        {
            EnsureArena(_rows * Columns * sizeof(float));
            Running?.Invoke();
            for (int index = 0; index < _rows * Columns; index++)
            {
                ((float*)Arena)[index] = (_x[index] * ((float*)Weights)[index % Columns]) + ((float*)Prepared)[index % Columns];
            }

            _count++;
        }

        protected override TensorView GetOutputView(int index)
        {
            _shape[0] = _rows;
            _shape[1] = Columns;
            return new TensorView(Arena, ElementType.Float32, _shape);
        }

        protected override void LoadStateCore(int index, TensorView value) => _count = value.AsSpan<long>()[0];

        protected override Tensor ReadStateCore(int index) => Tensor.Create(new[] { _count }, 1);

        protected override void ResetStates() => _count = 0;

        protected override void CopyStatesFrom(CompiledSession source) => _count = ((Session)source)._count;
    }
}
