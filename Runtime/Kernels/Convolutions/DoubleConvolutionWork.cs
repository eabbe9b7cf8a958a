namespace Cameo.Kernels;

/// <summary>
/// Convolutions of float64, forward or transposed; an item is a channel of an image of the output. One tap of one input channel at a time is added to the whole plane, always in the same order.
/// </summary>
/// <remarks>Positions p along an axis meet places p · stride + shift: of a forward convolution positions are the output's and places the input's, of a transposed one the reverse.</remarks>
internal readonly unsafe struct DoubleConvolutionWork(ConvolutionShape shape, double* input, double* weights, double* output, bool isTransposed) : IMoveWork
{
    private readonly double* _input = input;
    private readonly double* _weights = weights;
    private readonly double* _output = output;

    public void Run(long begin, long end)
    {
        nint taps = shape.Taps;
        for (long item = begin; item < end; item++)
        {
            (nint image, nint channel) = Math.DivRem((nint)item, shape.OutputChannels);
            (nint group, nint output) = Math.DivRem(channel, shape.GroupOutputs);
            double* plane = _output + ((nint)item * shape.OutputPlane);
            for (nint index = 0; index < shape.OutputPlane; index++)
            {
                plane[index] = 0;
            }

            for (nint index = 0; index < shape.GroupInputs; index++)
            {
                nint inputChannel = (group * shape.GroupInputs) + index;
                nint kernel = isTransposed ? (inputChannel * shape.GroupOutputs) + output : (channel * shape.GroupInputs) + index;
                AddKernel(_input + (((image * shape.InputChannels) + inputChannel) * shape.InputPlane), _weights + (kernel * taps), plane);
            }
        }
    }

    private void AddKernel(double* source, double* kernel, double* plane)
    {
        for (int z = 0; z < shape.Depth.Kernel; z++)
        {
            for (int y = 0; y < shape.Height.Kernel; y++)
            {
                for (int x = 0; x < shape.Width.Kernel; x++)
                {
                    AddTap(source, *kernel++, plane, z, y, x);
                }
            }
        }
    }

    private void AddTap(double* source, double weight, double* plane, int z, int y, int x)
    {
        var depth = new Positions(shape.Depth, z, isTransposed);
        var height = new Positions(shape.Height, y, isTransposed);
        var width = new Positions(shape.Width, x, isTransposed);
        for (nint slice = depth.First; slice < depth.End; slice++)
        {
            for (nint row = height.First; row < height.End; row++)
            {
                double* from = source + (((depth.Input(slice) * shape.Height.Input) + height.Input(row)) * shape.Width.Input) + width.Input(width.First);
                double* to = plane + (((depth.Output(slice) * shape.Height.Output) + height.Output(row)) * shape.Width.Output) + width.Output(width.First);
                for (nint column = width.First; column < width.End; column++, from += width.InputStep, to += width.OutputStep)
                {
                    *to += weight * *from;
                }
            }
        }
    }

    /// <summary>The positions along an axis whose places for one tap lie within the other side.</summary>
    private readonly struct Positions
    {
        private readonly nint _shift;
        private readonly nint _stride;
        private readonly bool _isTransposed;

        public Positions(in SpatialAxis axis, int tap, bool isTransposed)
        {
            _stride = axis.Stride;
            _shift = ((nint)tap * axis.Dilation) - axis.PadBegin;
            _isTransposed = isTransposed;
            nint positions = isTransposed ? axis.Input : axis.Output;
            nint places = isTransposed ? axis.Output : axis.Input;
            First = _shift >= 0 ? 0 : (-_shift + _stride - 1) / _stride;
            End = places <= _shift ? 0 : Math.Min(positions, ((places - 1 - _shift) / _stride) + 1);
        }

        public nint First { get; }

        public nint End { get; }

        public nint InputStep => _isTransposed ? 1 : _stride;

        public nint OutputStep => _isTransposed ? _stride : 1;

        public nint Input(nint position) => _isTransposed ? position : Place(position);

        public nint Output(nint position) => _isTransposed ? Place(position) : position;

        private nint Place(nint position) => (position * _stride) + _shift;
    }
}
